import type { FastifyInstance } from 'fastify';
import { nothing, probeBody, probeQuery, readInput } from '../input.ts';
import { connectionOf, type ApiContext } from './context.ts';

/** What an experiment on throw-away resources would do (GET), doing it (POST), and ending it early. */
export function probeRoutes(app: FastifyInstance, { operator, disconnects, log }: ApiContext): void {
  app.get('/connections/:name/probe', async (request) => {
    const connection = connectionOf(operator, request.params);
    const { domain } = readInput('query', probeQuery, request.query);
    return operator.experiments.plan(connection, domain);
  });
  app.post('/connections/:name/probe', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    readInput('query', nothing, request.query);
    const { domain, requestedBy = 'api' } = readInput('body', probeBody, request.body);
    return operator.experiments.run({ connection, domain, requestedBy }, disconnects.signalFor(reply));
  });
  app.post('/connections/:name/probe/stop', async (request) => {
    const connection = connectionOf(operator, request.params);
    readInput('query', nothing, request.query);
    readInput('body', nothing, request.body);
    const stopped = await operator.experiments.stop(connection);
    log.info({ connection, stopped }, 'end of an experiment requested');
    return { stopped };
  });
}
