import type { FastifyInstance } from 'fastify';
import { RefusedError } from '../../core/errors.ts';
import type { Operator } from '../../ports/operator.ts';
import type { CycleView } from '../../ports/operator.ts';
import { cycleParams, listCyclesQuery, nothing, operationsQuery, readInput, startCycleBody } from '../input.ts';
import { connectionOf, requireConnection, type ApiContext } from './context.ts';

/** Start, list, show and cancel cycles, and read the operations of one. */
export function cycleRoutes(app: FastifyInstance, context: ApiContext): void {
  startRoute(app, context);
  readRoutes(app, context);
  operationsRoute(app, context);
  app.post('/cycles/:id/cancel', async (request) => {
    readInput('query', nothing, request.query);
    readInput('body', nothing, request.body);
    const { id } = await cycleOf(context.operator, request.params);
    const cancelled = await context.operator.cancelCycle(id);
    context.log.info({ cycle: id, cancelled }, 'cancel of a cycle requested');
    return { cancelled };
  });
}

/** RefusedError('not-found') when there is no such cycle. */
async function cycleOf(operator: Operator, params: unknown): Promise<CycleView> {
  const { id } = readInput('params', cycleParams, params);
  const cycle = await operator.getCycle(id);
  if (cycle !== undefined) return cycle;
  throw new RefusedError('not-found', `There is no cycle ${id}.`, {
    remedy: 'give its id or at least four of its first letters; see them with: headgate cycle list',
  });
}

function startRoute(app: FastifyInstance, { operator, log }: ApiContext): void {
  app.post('/connections/:name/cycles', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    readInput('query', nothing, request.query);
    const { kind, expectedDigest, requestedBy = 'api' } = readInput('body', startCycleBody, request.body);
    const digest = expectedDigest === undefined ? {} : { expectedDigest };
    const cycle = await operator.startCycle({ connection, kind, requestedBy, ...digest });
    log.info({ connection, cycle: cycle.id, kind }, 'cycle requested');
    return reply
      .code(202)
      .header('location', `/api/v1/cycles/${encodeURIComponent(cycle.id)}`)
      .send(cycle);
  });
}

function readRoutes(app: FastifyInstance, { operator }: ApiContext): void {
  app.get('/cycles', async (request) => {
    const { connection, limit } = readInput('query', listCyclesQuery, request.query);
    if (connection === undefined) return operator.listCycles({ limit });
    requireConnection(operator, connection);
    return operator.listCycles({ connection, limit });
  });
  app.get('/cycles/:id', async (request) => {
    readInput('query', nothing, request.query);
    return cycleOf(operator, request.params);
  });
}

/** Pages by sequence: `after` is the last sequence already seen, and the Link header (RFC 8288) leads to the next page. */
function operationsRoute(app: FastifyInstance, { operator }: ApiContext): void {
  app.get('/cycles/:id/operations', async (request, reply) => {
    const { id } = await cycleOf(operator, request.params);
    const { state, after, limit } = readInput('query', operationsQuery, request.query);
    const operations = await operator.operations(id, {
      limit,
      ...(state === undefined ? {} : { states: state }),
      ...(after === undefined ? {} : { after }),
    });
    const last = operations.at(-1);
    if (last !== undefined && operations.length === limit) {
      const next = new URLSearchParams({ after: String(last.sequence), limit: String(limit) });
      if (state !== undefined) next.set('state', state.join(','));
      void reply.header('link', `</api/v1/cycles/${encodeURIComponent(id)}/operations?${next.toString()}>; rel="next"`);
    }
    return reply.send(operations);
  });
}
