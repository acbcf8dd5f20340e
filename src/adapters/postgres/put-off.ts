import { sql } from 'kysely';
import type { Wave } from '../../core/operation.ts';
import { lockCycle } from './cycle-rows.ts';
import type { Tx } from './tables.ts';

interface PuttingOff {
  readonly id: string;
  readonly wave: Wave;
  /** Who waits longer than until then, ms since the epoch. */
  readonly after: number;
  readonly now: number;
}

/**
 * Leaves operations to the next cycle that wait for a resource of their own: the reason was recorded with them. What is
 * planned later for the same resource goes with them, because it was planned on the assumption that they had happened.
 */
export async function putOff(tx: Tx, { id, wave, after, now }: PuttingOff): Promise<number> {
  const cycle = await lockCycle(tx, { id });
  if (cycle === undefined || cycle.phase !== 'exporting') return 0;
  const { numAffectedRows = 0n } = await sql`
    with busy as materialized (select unnest(sequences) as sequence from headgate.slice where cycle = ${cycle.number}),
    waiting as materialized (
      select sequence, resource, anchor, failure from headgate.operation
      where cycle = ${cycle.number} and wave = ${wave} and state = 'pending' and failure is not null
        and not_before > ${after} and sequence not in (select sequence from busy))
    update headgate.operation as operation
    set state = 'cancelled', settled_at = ${now}, not_before = null, failure = waiting.failure
    from waiting
    where operation.cycle = ${cycle.number} and operation.state = 'pending'
      and operation.resource = waiting.resource and operation.anchor = waiting.anchor
      and operation.sequence >= waiting.sequence and operation.sequence not in (select sequence from busy)`.execute(tx);
  return Number(numAffectedRows);
}
