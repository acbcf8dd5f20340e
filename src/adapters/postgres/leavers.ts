import { sql } from 'kysely';
import type { Anchor } from '../../core/directory.ts';
import type { Sql } from './tables.ts';

/**
 * When the directory was last read without showing that these users lose their accounts. A removal that was held, failed
 * or was cancelled is planned again by later cycles, and one that has a grace delay is noticed long before it is planned:
 * what counts is the first cycle that knew.
 */
export async function lastSeenEntitled(
  db: Sql,
  cycle: string,
  anchors: readonly Anchor[],
): Promise<ReadonlyMap<Anchor, number>> {
  if (anchors.length === 0) return new Map();
  const { rows } = await sql<{ anchor: Anchor; since: string | null }>`
    with this as (select number, connection from headgate.cycle where id = ${cycle}),
    leaver as (
      select anchor, body ->> 'cause' as cause from headgate.operation
      where cycle = (select number from this) and resource = 'account' and anchor = any(${anchors}::text[])
        and body ->> 'kind' in ('disable', 'delete')),
    noticed as (
      select leaver.anchor, min((known ->> 'since')::bigint) as at
      from leaver cross join this
      join headgate.link as link
        on link.connection = this.connection and link.resource = 'account' and link.anchor = leaver.anchor
      cross join lateral json_array_elements(link.departure -> 'causes') as known
      where known ->> 'cause' = leaver.cause
      group by leaver.anchor),
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
      where cycle.number < least(first.number, (
          select max(knew.number) from headgate.cycle as knew
          where knew.connection = this.connection and knew.kind in ('initial', 'incremental')
            and knew.created_at <= noticed.at))
        and cycle.kind in ('initial', 'incremental')
        and cycle.result in ('succeeded', 'held', 'entry-level-errors')) as since
    from first left join noticed on noticed.anchor = first.anchor`.execute(db);
  return new Map(rows.flatMap(({ anchor, since }) => (since === null ? [] : [[anchor, Number(since)]])));
}
