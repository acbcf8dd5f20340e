import { inState } from '../../core/cycle.ts';
import { counted } from '../../core/reasons.ts';
import type { CycleRecord } from '../../ports/stores.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { hasOwnFailures } from './failed-operations.ts';

/** From the end of a cycle that put something off to the start of the next, in ms. */
const PAUSE_MS = 10 * 60_000;
/** Cycles in a row that could send nothing, after which a person must look: two hours, longer than an hourly quota needs. */
const MOST_BARREN = 12;

/** What the provider did not take for now, and no failure: how many operations. `barren`: it took no other either. */
interface PutOff {
  readonly operations: number;
  readonly barren: boolean;
}

/** Those of closed cycles, by id, that have nothing left of the migration's own but what was put off. */
export async function putOffs(
  { ports }: Pick<StepContext, 'ports'>,
  cycles: readonly CycleRecord[],
): Promise<ReadonlyMap<string, PutOff>> {
  const found = new Map<string, PutOff>();
  for (const cycle of cycles) {
    const { id, result } = cycle;
    if (result !== 'entry-level-errors') continue;
    const counts = await ports.stores.cycles.counts(id);
    const operations = inState(counts, 'cancelled');
    if (operations === 0 || (await hasOwnFailures({ ports }, cycle))) continue;
    found.set(id, { operations, barren: inState(counts, 'exported') === 0 });
  }
  return found;
}

/**
 * Waits a while after a cycle that put something off, then has the next one started: a quota by the hour needs no person.
 * `own` are the migration's cycles, newest first, this one among them.
 */
export async function afterPutOff(
  context: StepContext,
  { id, closedAt = 0 }: CycleRecord,
  own: readonly CycleRecord[],
  found: ReadonlyMap<string, PutOff>,
): Promise<StepOutcome> {
  const { ports, step } = context;
  const operations = counted(found.get(id)?.operations ?? 0, 'operation');
  const why = `full cycle ${id} put ${operations} off: the provider does not take them for now (headgate log --cycle ${id} --outcome cancelled says why)`;
  const productive = own.findIndex((cycle) => found.get(cycle.id)?.barren !== true);
  const barren = productive === -1 ? own.length : productive;
  if (barren >= MOST_BARREN) {
    return {
      is: 'stop',
      why: `${why}, and ${barren} full cycles in a row could send nothing. Put it right at the provider, then resume`,
      first: [{ kind: 'reopened', step, why }],
    };
  }
  const leftMs = closedAt + PAUSE_MS - ports.clock.now();
  if (leftMs <= 0) return { is: 'reopen', step, why };
  // Once for each cycle, however often it is looked at meanwhile.
  if ((context.state().sightings[step]?.at ?? 0) < closedAt)
    await context.sight(false, `${why}; the next full cycle starts ${PAUSE_MS / 60_000} minutes after it`);
  return { is: 'again', afterMs: leftMs };
}
