import type { FastifyInstance } from 'fastify';
import { nothing, readInput } from '../input.ts';
import type { ApiContext } from './context.ts';

/** `GET /doctor`: every check of directory, providers, store and queue, with remedies. A failed check is no failed request. */
export function doctorRoute(app: FastifyInstance, { operator, disconnects }: ApiContext): void {
  app.get('/doctor', async (request, reply) => {
    readInput('query', nothing, request.query);
    return operator.doctor(disconnects.signalFor(reply));
  });
}
