import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { IServerAdapter } from '@bull-board/api/typings/app';
import { FastifyAdapter } from '@bull-board/fastify';
import type { FastifyInstance } from 'fastify';
import type { Log } from '../ports/log.ts';
import { describeFailure, sendProblem } from './failure.ts';
import { problem } from './problem.ts';

const REDACTED = '[redacted]';

/**
 * Mounts the queue board for looking only. Each queue is read-only for the board, and this scope refuses every other
 * method besides, because a write route of the board would bypass the store, which is the truth. Payloads hold ids only;
 * what a job returned or reported is not shown at all, nor are stack traces.
 */
export function mountQueueBoard(app: FastifyInstance, queues: Iterable<object>, log: Log): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.method === 'GET' || request.method === 'HEAD') return undefined;
    void reply.header('allow', 'GET, HEAD');
    return sendProblem(reply, problem(405, 'read-only', 'The queue board is for looking only.'));
  });
  app.addHook('onRequest', async () => {
    const now = [...queues];
    if (now.length === shown.length && now.every((queue, index) => queue === shown[index])) return;
    shown = now;
    setQueues(now.map(readOnlyView));
  });
  const board = new FastifyAdapter();
  board.setBasePath(app.prefix);
  let shown = [...queues];
  const { setQueues } = createBullBoard({
    queues: shown.map(readOnlyView),
    serverAdapter: serverAdapterOf(board),
    options: { uiConfig: { boardTitle: 'Headgate queues', pollingInterval: { showSetting: true } } },
  });
  board.setErrorHandler((error) => {
    const { status, detail } = describeFailure(error, log, { route: app.prefix });
    return { status: status === 404 ? 404 : 500, body: { error: detail } };
  });
  void app.register(board.registerPlugin());
}

/** @bull-board/fastify brings its own copy of the API package, whose class types count as different ones: checked instead. */
function serverAdapterOf(board: object): IServerAdapter {
  if (isServerAdapter(board)) return board;
  throw new Error('@bull-board/fastify and @bull-board/api do not fit together');
}

function isServerAdapter(board: object): board is IServerAdapter {
  return ['setQueues', 'setApiRoutes', 'setEntryRoute', 'setErrorHandler'].every((method) => method in board);
}

type BoardQueue = ConstructorParameters<typeof BullMQAdapter>[0];

/** The adapter's own type names queues on Redis only, though it serves BullMQ's other backends too. */
function isBoardQueue(queue: object): queue is BoardQueue {
  return ['getJobCounts', 'getJobSchedulers', 'getBackend'].every((method) => method in queue);
}

function readOnlyView(queue: object): BullMQAdapter {
  if (!isBoardQueue(queue)) throw new Error('the queue board takes BullMQ queues only');
  const view = new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false });
  view.setFormatter('data', idsOnly);
  view.setFormatter('returnValue', hidden);
  view.setFormatter('progress', hidden);
  return view;
}

/** A value that looks like an id, a name of a connection or a number is shown; anything else should not be there. */
function idsOnly(data: unknown): unknown {
  if (data === null || typeof data !== 'object') return hidden(data);
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, isId(value) ? value : REDACTED]));
}

function isId(value: unknown): boolean {
  return (
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    (typeof value === 'string' && /^[\w:-]{1,64}$/.test(value))
  );
}

function hidden(value: unknown): unknown {
  return value === null || value === undefined || value === 0 ? value : REDACTED;
}
