import type { FastifyInstance } from 'fastify';
import { nothing, readInput } from '../input.ts';
import type { ApiContext } from './context.ts';

/** `GET /status`: the state of every connection, schedule and queue. `GET /connections`: their names. */
export function statusRoutes(app: FastifyInstance, { operator }: ApiContext): void {
  app.get('/status', async (request) => {
    readInput('query', nothing, request.query);
    return operator.status();
  });
  app.get('/connections', async (request) => {
    readInput('query', nothing, request.query);
    return operator.connections();
  });
}
