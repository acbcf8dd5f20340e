import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Authorise } from '../access.ts';
import { readInput } from '../input.ts';
import type { HttpOptions, ReadinessCheck } from '../options.ts';

const healthQuery = z.strictObject({ verbose: z.string().max(5).optional() });

/**
 * `/livez`: the process runs, and nothing else, or an outage elsewhere would become a restart storm here. `/readyz` and its
 * alias `/healthz`: 503 while Headgate cannot do its work; a directory or provider that is down only makes it degraded.
 * `?verbose` lists the checks, with their details for those who hold the token.
 */
export function healthRoutes(
  app: FastifyInstance,
  { readiness, log, limits }: Pick<HttpOptions, 'readiness' | 'log' | 'limits'>,
  authorise: Authorise,
): void {
  app.get('/livez', async () => ({ status: 'ok' }));
  const ask = shareAnswer(limits?.readinessMs ?? 3000, async () =>
    readiness().catch((cause: unknown): readonly ReadinessCheck[] => {
      log.error({ err: cause }, 'readiness cannot be determined');
      return [{ name: 'readiness', ok: false, detail: 'cannot be determined; see the log' }];
    }),
  );
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const { verbose } = readInput('query', healthQuery, request.query);
    const checks = await ask();
    const status = statusOf(checks);
    void reply.code(status === 'unready' ? 503 : 200);
    if (verbose === undefined) return { status };
    const trusted = (await authorise(request).catch(() => 'refused' as const)) === 'allowed';
    return { status, checks: checks.map((check) => shownCheck(check, trusted)) };
  };
  app.get('/readyz', answer);
  app.get('/healthz', answer);
}

function statusOf(checks: readonly ReadinessCheck[]): 'ok' | 'degraded' | 'unready' {
  if (checks.every((check) => check.ok)) return 'ok';
  return checks.every((check) => check.ok || check.required === false) ? 'degraded' : 'unready';
}

function shownCheck({ name, ok, detail, remedy }: ReadinessCheck, trusted: boolean): object {
  return trusted ? { name, ok, detail, ...(remedy === undefined ? {} : { remedy }) } : { name, ok };
}

/** Probes that come while one is being answered get the same answer; none waits longer than the bound. A store that has not answered by then does not answer. */
function shareAnswer(
  timeoutMs: number,
  read: () => Promise<readonly ReadinessCheck[]>,
): () => Promise<readonly ReadinessCheck[]> {
  let pending: Promise<readonly ReadinessCheck[]> | undefined;
  return async () => {
    pending ??= read().finally(() => {
      pending = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<readonly ReadinessCheck[]>((resolve) => {
      const late = { name: 'readiness', ok: false, detail: `no answer within ${timeoutMs} ms` };
      timer = setTimeout(() => resolve([late]), timeoutMs);
    });
    return Promise.race([pending, tooLate]).finally(() => clearTimeout(timer));
  };
}
