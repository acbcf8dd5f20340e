import type { FastifyInstance } from 'fastify';
import { nothing, readInput } from '../input.ts';
import type { ApiContext } from './context.ts';

/** `POST /config/reload`: reads the configuration anew. 422 with every problem when it cannot be used. */
export function configRoutes(app: FastifyInstance, { operator, log }: ApiContext): void {
  app.post('/config/reload', async (request) => {
    readInput('query', nothing, request.query);
    readInput('body', nothing, request.body);
    log.info({}, 'reload of the configuration requested');
    return operator.reloadConfig();
  });
}
