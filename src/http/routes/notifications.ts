import type { FastifyInstance } from 'fastify';
import { nothing, notificationsQuery, readInput } from '../input.ts';
import type { ApiContext } from './context.ts';

/** What people were told, how the channels stand, and a test message by each of them. */
export function notificationRoutes(app: FastifyInstance, { operator, disconnects }: ApiContext): void {
  app.get('/notifications', async (request) => {
    const { limit } = readInput('query', notificationsQuery, request.query);
    return operator.notifications.list(limit);
  });
  app.post('/notifications/test', async (request, reply) => {
    readInput('query', nothing, request.query);
    readInput('body', nothing, request.body);
    return operator.notifications.test(disconnects.signalFor(reply));
  });
}
