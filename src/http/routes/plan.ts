import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { describeFailure, whereOf } from '../failure.ts';
import { nothing, readInput } from '../input.ts';
import { planLines } from '../plan-lines.ts';
import { connectionOf, type ApiContext } from './context.ts';

/**
 * `POST /connections/:name/plan`: gathers and plans, writing nothing, and streams progress and the plan as NDJSON. The
 * planning ends when the client goes away. A failure of the planning itself comes as a line: the status is sent by then.
 */
export function planRoute(app: FastifyInstance, { operator, disconnects, log }: ApiContext): void {
  app.post('/connections/:name/plan', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    readInput('query', nothing, request.query);
    readInput('body', nothing, request.body);
    const signal = disconnects.signalFor(reply);
    const lines = planLines(
      async (progress) => operator.plan(connection, progress, signal),
      (error) => describeFailure(signal.aborted ? signal.reason : error, log, whereOf(request)),
    );
    return reply.type('application/x-ndjson').send(Readable.from(lines));
  });
}
