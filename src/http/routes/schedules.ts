import type { FastifyInstance } from 'fastify';
import { nothing, readInput } from '../input.ts';
import { connectionOf, type ApiContext } from './context.ts';

/** Lists schedules; pauses and resumes those of one connection. Doing so twice is the same as once. */
export function scheduleRoutes(app: FastifyInstance, { operator, log }: ApiContext): void {
  app.get('/schedules', async (request) => {
    readInput('query', nothing, request.query);
    return operator.schedules();
  });
  for (const [verb, paused] of [
    ['pause', true],
    ['resume', false],
  ] as const) {
    app.post(`/connections/:name/schedules/${verb}`, async (request) => {
      const connection = connectionOf(operator, request.params);
      readInput('query', nothing, request.query);
      readInput('body', nothing, request.body);
      await operator.setSchedulesPaused(connection, paused);
      log.info({ connection, paused }, 'pause of schedules changed');
      return { connection, paused };
    });
  }
}
