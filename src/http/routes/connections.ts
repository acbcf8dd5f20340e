import type { FastifyInstance } from 'fastify';
import { RefusedError } from '../../core/errors.ts';
import { explainQuery, nothing, readInput } from '../input.ts';
import { connectionOf, type ApiContext } from './context.ts';

/** Why one user has or lacks access, what was changed by hand, and lifting the pause of a connection. */
export function connectionRoutes(app: FastifyInstance, { operator, disconnects, log }: ApiContext): void {
  app.get('/connections/:name/explain', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    const { user } = readInput('query', explainQuery, request.query);
    return operator.explain(connection, user, disconnects.signalFor(reply));
  });
  app.get('/connections/:name/drift', async (request) => {
    const connection = connectionOf(operator, request.params);
    readInput('query', nothing, request.query);
    const report = await operator.drift(connection);
    if (report !== undefined) return report;
    throw new RefusedError('not-found', `Connection ${connection} has not been audited yet.`, {
      remedy: `Audit it: headgate cycle start -c ${connection} --audit --wait`,
    });
  });
  app.post('/connections/:name/resume', async (request) => {
    const connection = connectionOf(operator, request.params);
    readInput('query', nothing, request.query);
    readInput('body', nothing, request.body);
    const resumed = await operator.resumeConnection(connection);
    log.info({ connection, resumed }, 'resume of a connection requested');
    return { resumed };
  });
}
