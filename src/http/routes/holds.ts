import type { FastifyInstance } from 'fastify';
import { decideHoldBody, holdParams, listHoldsQuery, nothing, readInput, showHoldQuery } from '../input.ts';
import { requireConnection, type ApiContext } from './context.ts';

/** What guards hold: listed, shown with history and operations, approved, rejected. */
export function holdRoutes(app: FastifyInstance, { operator }: ApiContext): void {
  const { holds } = operator;
  app.get('/holds', async (request) => {
    const { connection, ended, limit } = readInput('query', listHoldsQuery, request.query);
    if (connection === undefined) return holds.list({ ended, limit });
    requireConnection(operator, connection);
    return holds.list({ connection, ended, limit });
  });
  app.get('/holds/:id', async (request) => {
    const { id } = readInput('params', holdParams, request.params);
    const { limit } = readInput('query', showHoldQuery, request.query);
    return holds.show(id, limit);
  });
  for (const verb of ['approve', 'reject'] as const) {
    app.post(`/holds/:id/${verb}`, async (request) => {
      const { id } = readInput('params', holdParams, request.params);
      readInput('query', nothing, request.query);
      return holds[verb](id, readInput('body', decideHoldBody, request.body));
    });
  }
}
