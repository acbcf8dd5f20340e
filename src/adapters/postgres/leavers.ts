import { sql } from 'kysely';
import type { Anchor } from '../../core/directory.ts';
import type { Sql } from './tables.ts';

/**
 * When the directory was last read without showing that these users lose their accounts. A removal that was held, failed
 * or was cancelled is planned again by later cycles: what counts is the first of them, since the last one that was done.
 */
export async function lastSeenEntitled(
  db: Sql,
  cycle: string,
  anchors: readonly Anchor[],
): Promise<ReadonlyMap<Anchor, number>> {
  if (anchors.length === 0) return new Map();
  const { rows } = await sql<{ anchor: Anchor; since: string | null }>`
    with this as (select number, connection from headgate.cycle where id = ${cycle}),
    leaver as (select unnest(${anchors}::text[]) as anchor),
    earlier as materialized (
      select operation.anchor, operation.cycle, operation.state, operation.body ->> 'kind' as kind
      from headgate.operation as operation
      join headgate.cycle as cycle on cycle.number = operation.cycle
      join this on cycle.connection = this.connection and cycle.number < this.number
      where operation.resource = 'account' and operation.anchor = any(${anchors}::text[])),
    first as (
      select leaver.anchor, coalesce(min(earlier.cycle), this.number) as number
      from leaver cross join this
      left join earlier on earlier.anchor = leaver.anchor and earlier.kind in ('disable', 'delete')
        and earlier.cycle > coalesce(
          (select max(cycle) from earlier as done where done.anchor = leaver.anchor and done.state = 'exported'), 0)
      group by leaver.anchor, this.number)
    select first.anchor, (
      select max(cycle.created_at) from headgate.cycle as cycle
      join this on cycle.connection = this.connection
      where cycle.number < first.number and cycle.kind in ('initial', 'incremental')
        and cycle.result in ('succeeded', 'held', 'entry-level-errors')) as since
    from first`.execute(db);
  return new Map(rows.flatMap(({ anchor, since }) => (since === null ? [] : [[anchor, Number(since)]])));
}
