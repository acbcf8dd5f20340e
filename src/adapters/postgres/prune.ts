import { sql } from 'kysely';
import type { Retention } from '../../ports/provisioning-log.ts';
import { pruneSkips } from './skip-rows.ts';
import type { Tx } from './tables.ts';

/**
 * Forgets some operations and skips of the oldest cycle that is too old, and the cycle itself once none is left. Kept for ever: what
 * the newest answers rest on. Two processes never wait for each other here.
 */
export async function pruneStep(tx: Tx, retention: Retention, most: number): Promise<number> {
  const number = await oldestPrunable(tx, retention);
  if (number === undefined) return 0;
  const operations = await sql`
    delete from headgate.operation where cycle = ${number} and sequence in (
      select sequence from headgate.operation where cycle = ${number} order by sequence limit ${most})`.execute(tx);
  const gone = Number(operations.numAffectedRows ?? 0n);
  if (gone > 0) await forgetBaseline(tx, number);
  if (gone === most) return gone;
  const skips = await pruneSkips(tx, number, most - gone);
  if (gone + skips === most) return most;
  await tx.deleteFrom('headgate.cycle').where('number', '=', number).execute();
  return gone + skips + 1;
}

/**
 * A baseline leaves to the next incremental cycle whom later cycles have changed something for without moving it. Once that is
 * forgotten only a cycle that looks at everybody finds them.
 */
async function forgetBaseline(tx: Tx, pruned: string): Promise<void> {
  await sql`
    delete from headgate.baseline as baseline using headgate.cycle as base, headgate.cycle as old
    where old.number = ${pruned} and base.id = baseline.cycle
      and baseline.connection = old.connection and base.number < old.number`.execute(tx);
}

async function oldestPrunable(tx: Tx, { logBefore, unchangedBefore }: Retention): Promise<string | undefined> {
  const { rows } = await sql<{ number: string }>`
    select number from headgate.cycle as old
    where phase = 'closed'
      and (closed_at < ${logBefore} or (closed_at < ${unchangedBefore} and planned_at is not null and not exists (
        select 1 from headgate.operation as operation where operation.cycle = old.number)
        and not exists (select 1 from headgate.skip as skip where skip.cycle = old.number)))
      and not exists (select 1 from headgate.baseline as baseline where baseline.cycle = old.id)
      and exists (
        select 1 from headgate.cycle as newer
        where newer.connection = old.connection and newer.number > old.number
          and newer.kind = old.kind and newer.phase = 'closed')
      and (planned_at is null or exists (
        select 1 from headgate.cycle as newer
        where newer.connection = old.connection and newer.number > old.number
          and newer.planned_at is not null and newer.phase = 'closed'))
      and (result not in ('succeeded', 'entry-level-errors') or exists (
        select 1 from headgate.cycle as newer
        where newer.connection = old.connection and newer.number > old.number and newer.kind = old.kind
          and (newer.result = 'succeeded' or newer.result = old.result)))
    order by number limit 1 for update skip locked`.execute(tx);
  return rows[0]?.number;
}
