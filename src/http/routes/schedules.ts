import type { FastifyInstance } from 'fastify';
import { connectionParams, nothing, readInput } from '../input.ts';
import { connectionOf, type ApiContext } from './context.ts';

/** Lists schedules; pauses and resumes those of one connection (twice is the same as once), removes those of one that is gone. */
export function scheduleRoutes(app: FastifyInstance, { operator, log }: ApiContext): void {
  app.get('/schedules', async (request) => {
    readInput('query', nothing, request.query);
    return operator.schedules();
  });
  app.post('/connections/:name/schedules/remove', async (request) => {
    const { name: connection } = readInput('params', connectionParams, request.params);
    readInput('query', nothing, request.query);
    readInput('body', nothing, request.body);
    await operator.removeSchedules(connection);
    log.info({ connection }, 'schedules of a connection that is not configured removed');
    return { connection };
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
