import type { FastifyInstance } from 'fastify';
import { escrowActBody, escrowsQuery, nothing, pauseBody, readInput, releaseBody } from '../input.ts';
import { connectionOf, type ApiContext } from './context.ts';

/** Needs in escrow, quarantines and pauses: what people see of trouble, and do about it. */
export function recoveryRoutes(app: FastifyInstance, { operator, log }: ApiContext): void {
  app.get('/connections/:name/escrows', async (request) => {
    const connection = connectionOf(operator, request.params);
    const { who, limit } = readInput('query', escrowsQuery, request.query);
    return operator.escrows(connection, { limit, ...(who === undefined ? {} : { who }) });
  });
  for (const [verb, act] of [
    ['retry', (asked: Parameters<typeof operator.retryEscrows>[0]) => operator.retryEscrows(asked)],
    ['drop', (asked: Parameters<typeof operator.dropEscrows>[0]) => operator.dropEscrows(asked)],
  ] as const) {
    app.post(`/connections/:name/escrows/${verb}`, async (request) => {
      const connection = connectionOf(operator, request.params);
      readInput('query', nothing, request.query);
      const { who, all, requestedBy: by = 'api', reason } = readInput('body', escrowActBody(verb), request.body);
      const whom = all === true || who === undefined ? {} : { who };
      const count = await act({ connection, by, ...whom, ...(reason === undefined ? {} : { reason }) });
      log.info({ connection, verb, count, by }, 'escrow changed by a person');
      return { count };
    });
  }
  app.get('/connections/:name/recovery-acts', async (request) => {
    const connection = connectionOf(operator, request.params);
    const { limit } = readInput('query', escrowsQuery, request.query);
    return operator.recoveryActs(connection, limit);
  });
  app.post('/connections/:name/quarantine/release', async (request) => {
    const connection = connectionOf(operator, request.params);
    readInput('query', nothing, request.query);
    const { requestedBy: by = 'api', reason } = readInput('body', releaseBody, request.body) ?? {};
    const released = await operator.releaseQuarantine({ connection, by, ...(reason === undefined ? {} : { reason }) });
    log.info({ connection, released, by }, 'release from quarantine requested');
    return { released };
  });
  app.post('/connections/:name/pause', async (request) => {
    const connection = connectionOf(operator, request.params);
    readInput('query', nothing, request.query);
    const { reason, requestedBy = 'api' } = readInput('body', pauseBody, request.body);
    const paused = await operator.pauseConnection(connection, `${reason} (by ${requestedBy})`);
    log.info({ connection, requestedBy }, 'pause of a connection requested');
    return { paused: true, ...paused };
  });
}
