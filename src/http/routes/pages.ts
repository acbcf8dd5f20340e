import type { FastifyInstance } from 'fastify';
import type { Operator } from '../../ports/operator.ts';
import { startPage, statusPage, STYLE } from '../pages.ts';

const HTML = 'text/html; charset=utf-8';

/** `/`: what this is and where to go, open to all and without data. */
export function startPageRoutes(app: FastifyInstance, version: string): void {
  app.get('/', async (_request, reply) => reply.type(HTML).send(startPage(version)));
  app.get('/style.css', async (_request, reply) => reply.type('text/css; charset=utf-8').send(STYLE));
}

/** `/status`: the state of each connection, for those who hold the token. */
export function statusPageRoute(app: FastifyInstance, operator: Operator): void {
  app.get('/status', async (_request, reply) => reply.type(HTML).send(statusPage(await operator.status())));
}
