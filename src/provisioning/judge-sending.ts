import { inState, type OperationCounts } from '../core/cycle.ts';
import { tooManyFailures, type Trouble } from '../core/quarantine.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';
import type { SliceWork } from '../ports/slices.ts';
import type { SliceOutcome } from './export-slice.ts';
import { proveHealthy, quarantineConnection } from './quarantine-connection.ts';

/**
 * After a recorded slice: whether what was sent says that the connection is in trouble, or, on trial, that it is well. The
 * share of failures is taken over the cycle and from the store, so that every worker judges alike.
 */
export async function judgeSending(
  work: SliceWork,
  connection: Connection,
  outcome: SliceOutcome,
  onTrial: boolean,
  ports: Ports,
  log: Log,
): Promise<void> {
  const trouble = outcome.trouble ?? (await failingOften(work, outcome, onTrial, ports));
  if (trouble !== undefined) return quarantineConnection(connection, trouble, ports, log);
  const wrote = outcome.results.some((result) => result.state === 'exported' && result.exported.requests > 0);
  return onTrial && wrote ? proveHealthy(work.connection, 'write', ports, log) : undefined;
}

async function failingOften(
  work: SliceWork,
  { results }: SliceOutcome,
  onTrial: boolean,
  ports: Ports,
): Promise<Trouble | undefined> {
  const { cycles } = ports.stores;
  const failures = results.flatMap((result) => (result.state === 'escrowed' ? [result.failure] : []));
  const cause = failures.at(-1);
  if (cause === undefined) return undefined;
  const [cycle, counts] = await Promise.all([cycles.get(work.cycle), cycles.counts(work.cycle)]);
  const planned = cycle?.planCounts?.operations ?? {};
  // Links are recorded without a request, and what was put aside by the plan was not sent.
  const links = (planned['account.link'] ?? 0) + (planned['group.link'] ?? 0);
  const reason = tooManyFailures(
    {
      failed: inState(counts, 'escrowed') - (cycle?.putAside ?? 0) - (await knownBefore(work, counts, onTrial, ports)),
      succeeded: Math.max(0, inState(counts, 'exported') - links),
      onlyForbidden: failures.every(({ status }) => status === 403),
    },
    onTrial,
  );
  return reason === undefined ? undefined : { reason, cause };
}

/**
 * Failures of needs that failed in earlier cycles, too: they say nothing new. Two guarded leavers tried again would else keep
 * everybody else's changes from being sent, each time. On trial they count once nothing else waits to be tried.
 */
async function knownBefore(
  { connection, cycle }: SliceWork,
  counts: OperationCounts,
  onTrial: boolean,
  { stores: { escrows }, clock }: Ports,
): Promise<number> {
  const known = await escrows.load(connection);
  const toTry = known.filter((escrow) => escrow.cycle !== cycle && escrow.dueAt <= clock.now()).length;
  if (onTrial && inState(counts, 'pending') <= toTry) return 0;
  return known.filter((escrow) => escrow.cycle === cycle && escrow.attempts > 1).length;
}
