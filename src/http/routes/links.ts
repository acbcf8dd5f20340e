import type { FastifyInstance } from 'fastify';
import { decideHoldBody, linksQuery, nothing, readInput } from '../input.ts';
import { connectionOf, type ApiContext } from './context.ts';

/** What a connection is linked to, what of it is gone (GET asks the provider), and forgetting exactly that. */
export function linkRoutes(app: FastifyInstance, { operator, disconnects }: ApiContext): void {
  app.get('/connections/:name/links', async (request) => {
    const connection = connectionOf(operator, request.params);
    const { after, limit } = readInput('query', linksQuery, request.query);
    return operator.links.list(connection, { limit, ...(after === undefined ? {} : { after }) });
  });
  app.get('/connections/:name/links/vanished', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    readInput('query', nothing, request.query);
    return operator.links.vanished(connection, disconnects.signalFor(reply));
  });
  app.post('/connections/:name/links/forget-vanished', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    readInput('query', nothing, request.query);
    const decision = readInput('body', decideHoldBody, request.body);
    return operator.links.forgetVanished({ connection, ...decision }, disconnects.signalFor(reply));
  });
}
