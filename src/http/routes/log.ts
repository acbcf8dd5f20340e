import type { FastifyInstance } from 'fastify';
import { logQuery, readInput } from '../input.ts';
import { requireConnection, type ApiContext } from './context.ts';

/** `GET /log`: the provisioning log, newest first; with `after` oldest first, to follow it. */
export function logRoute(app: FastifyInstance, { operator }: ApiContext): void {
  app.get('/log', async (request) => {
    const { kind, outcome, ...filter } = readInput('query', logQuery, request.query);
    if (filter.connection !== undefined) requireConnection(operator, filter.connection);
    return operator.log({ ...filter, kinds: kind, outcomes: outcome });
  });
}
