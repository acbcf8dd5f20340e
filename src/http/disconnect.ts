import type { FastifyInstance, FastifyReply } from 'fastify';
import { RefusedError } from '../core/errors.ts';
import { problem, ProblemError } from './problem.ts';

/** Gives work done for a request a signal that ends it when nobody waits for the answer any more. */
export interface Disconnects {
  /** Aborted when the client goes away before its answer is complete, or the server stops. */
  signalFor(reply: FastifyReply): AbortSignal;
}

/** Described, it is neither logged nor seen by anyone. */
const clientGone = new ProblemError(problem(499, 'client-gone', 'The client went away before its answer was ready.'));

/** Watches connections and drains them, for at most `drainMs`, before the server closes. */
export function watchDisconnects(app: FastifyInstance, drainMs: number): Disconnects {
  const running = new Set<AbortController>();
  const open = new Set<FastifyReply>();
  let drained: (() => void) | undefined;
  const end = (reply: FastifyReply): void => {
    open.delete(reply);
    if (open.size === 0) drained?.();
  };
  app.addHook('onRequest', async (_request, reply) => {
    open.add(reply);
    // A broken connection ends the request without an onResponse while its stream has more to say.
    reply.raw.once('close', () => end(reply));
  });
  app.addHook('onResponse', async (_request, reply) => end(reply));
  app.addHook('preClose', async () => {
    for (const controller of running) controller.abort(new RefusedError('shutting-down', 'Headgate is shutting down.'));
    if (open.size > 0) await waitAtMost(drainMs, (resolve) => (drained = resolve));
  });
  return {
    signalFor: (reply) => {
      const controller = new AbortController();
      running.add(controller);
      reply.raw.once('close', () => {
        running.delete(controller);
        if (!reply.raw.writableFinished) controller.abort(clientGone);
      });
      return controller.signal;
    },
  };
}

async function waitAtMost(ms: number, start: (resolve: () => void) => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    start(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
