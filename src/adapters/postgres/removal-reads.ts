import { sql } from 'kysely';
import type { Anchor } from '../../core/directory.ts';
import type { PastRemoval } from '../../core/guards/facts.ts';
import type { RememberedPath } from '../../core/link.ts';
import type { Effect } from '../../core/profile.ts';
import type { HoldStore } from '../../ports/hold-store.ts';
import { reading } from './commits.ts';
import type { Sql } from './tables.ts';

interface RemovalRow {
  readonly resource: PastRemoval['resource'];
  readonly kind: PastRemoval['kind'];
  readonly effect: Effect | null;
  readonly cause: string | null;
  readonly anchor: string;
  readonly members: readonly Anchor[] | null;
  readonly taken: number | null;
  readonly paths: readonly RememberedPath[] | null;
}

/** A slice that was in flight when its cycle was closed is recorded a little later. */
const RECORDED_LATER_MS = 3_600_000;

/** What guards ask about earlier removals, and about whom a group alone lets in. */
export function createRemovalReads(db: Sql): Pick<HoldStore, 'pastRemovals' | 'soleReach'> {
  return {
    async pastRemovals(connection, since) {
      const { rows } = await reading(() =>
        // An account or group that is linked as active again is no loss any more. What is in doubt may have happened. What
        // a person approved for its number was judged, and is not counted against the next removal.
        sql<RemovalRow>`
          select operation.resource, operation.body ->> 'kind' as kind, operation.body ->> 'effect' as effect,
            operation.body ->> 'cause' as cause, operation.anchor,
            case when operation.body ->> 'kind' = 'members' then
              (select json_agg(gone ->> 'anchor') from json_array_elements(operation.body -> 'remove') as gone)
            end as members,
            case when operation.body ->> 'kind' = 'delete' then (operation.body ->> 'members')::integer end as taken,
            link.paths
          from headgate.operation as operation
          join headgate.cycle as cycle on cycle.number = operation.cycle
          left join headgate.link as link on link.connection = cycle.connection
            and link.resource = operation.resource and link.anchor = operation.anchor
          where cycle.connection = ${connection}
            and (cycle.closed_at is null or cycle.closed_at >= ${since - RECORDED_LATER_MS})
            and operation.wave in (0, 3, 4) and (operation.state in ('exported', 'in-doubt')
              or operation.state = 'pending' and exists (
                select 1 from headgate.slice as slice
                where slice.cycle = operation.cycle and slice.worker is not null
                  and operation.sequence = any(slice.sequences)))
            and operation.body ->> 'kind' in ('disable', 'delete', 'members')
            and coalesce(operation.settled_at, cycle.closed_at, cycle.planned_at) >= ${since}
            and (operation.state <> 'exported' or operation.body ->> 'kind' = 'members'
                 or link.state is distinct from 'active')
            and not exists (
              select 1 from headgate.hold as hold
              where hold.number::text = any(operation.approvals)
                and hold.guard in ('too-many-removals', 'group-cliff'))
          order by operation.cycle, operation.sequence`.execute(db),
      );
      return rows.map(toRemoval);
    },

    async soleReach(connection, groups) {
      if (groups.length === 0) return new Map();
      const { rows } = await reading(() =>
        sql<{ group: string; count: string }>`
          select path_groups[1] as group, count(*) as count from headgate.link
          where connection = ${connection} and resource = 'account' and state = 'active'
            and path_groups && ${groups}::text[] and cardinality(path_groups) = 1 and json_array_length(paths) = 1
          group by path_groups[1]`.execute(db),
      );
      return new Map(rows.map((row) => [row.group, Number(row.count)]));
    },
  };
}

function toRemoval(row: RemovalRow): PastRemoval {
  return {
    resource: row.resource,
    kind: row.kind,
    anchor: row.anchor,
    members: row.members ?? [],
    taken: row.taken ?? 0,
    paths: row.paths ?? [],
    ...(row.effect === null ? {} : { effect: row.effect }),
    ...(row.cause === null ? {} : { cause: row.cause }),
  };
}
