import type { FastifyInstance } from 'fastify';
import { nothing, provisionBody, readInput, subjectQuery } from '../input.ts';
import { connectionOf, type ApiContext } from './context.ts';

/** What provisioning one user or group would do now (GET, writes nothing), and an on-demand cycle that does it (POST). */
export function provisionRoutes(app: FastifyInstance, { operator, disconnects, log }: ApiContext): void {
  app.get('/connections/:name/provision', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    const { subject } = readInput('query', subjectQuery, request.query);
    return operator.planSubject(connection, subject, disconnects.signalFor(reply));
  });
  app.post('/connections/:name/provision', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    readInput('query', nothing, request.query);
    const { subject, requestedBy = 'api' } = readInput('body', provisionBody, request.body);
    const signal = disconnects.signalFor(reply);
    const cycle = await operator.provision({ connection, idOrName: subject, requestedBy, signal });
    log.info({ connection, cycle: cycle.id, kind: cycle.kind }, 'cycle requested');
    return reply
      .code(202)
      .header('location', `/api/v1/cycles/${encodeURIComponent(cycle.id)}`)
      .send(cycle);
  });
}
