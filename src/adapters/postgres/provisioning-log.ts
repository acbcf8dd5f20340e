import { sql, type RawBuilder } from 'kysely';
import type { Anchor } from '../../core/directory.ts';
import type { CycleKind } from '../../core/cycle.ts';
import {
  anchorsNamed,
  LOG_OUTCOMES,
  resourcesNamed,
  toLogEntry,
  type LogOutcome,
  type NamedAnchor,
  type SettledOperation,
} from '../../core/log-entry.ts';
import type { Exported, Operation } from '../../core/operation.ts';
import type { ResourceId } from '../../core/scim.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LogCursor, LogFilter, ProvisioningLog } from '../../ports/provisioning-log.ts';
import type { OperationRecord } from '../../ports/stores.ts';
import { commit, reading } from './commits.ts';
import { lastSeenEntitled } from './leavers.ts';
import { pruneStep } from './prune.ts';
import type { Sql } from './tables.ts';

/**
 * How far following stays behind, in ms: the time of an entry is taken a moment before it is committed, and by another
 * process whose clock may differ.
 */
const BEHIND_MS = 2_000;

interface Row {
  readonly cycle_id: string;
  readonly number: string;
  readonly connection: string;
  readonly kind: CycleKind;
  readonly requested_by: string;
  readonly sequence: number;
  readonly state: LogOutcome;
  readonly attempts: number;
  readonly held_by: string | null;
  readonly settled_at: string;
  readonly duration_ms: number | null;
  readonly body: Operation;
  readonly exported: Exported | null;
  readonly failure: NonNullable<OperationRecord['failure']> | null;
}

type Condition = RawBuilder<unknown>;

/** Reads the provisioning log from the operations, and forgets what is too old. */
export function createProvisioningLog(db: Sql, clock: Clock): ProvisioningLog {
  return {
    async read(filter) {
      const horizon = await reading(() => safeHorizon(db, clock.now()));
      const conditions = [...(await subjectConditions(db, filter)), ...plainConditions(filter)];
      if (filter.after !== undefined) {
        conditions.push(sql`${PLACE} > ${placeOf(filter.after)}`, sql`operation.settled_at < ${horizon}`);
      }
      if (filter.before !== undefined) conditions.push(sql`${PLACE} < ${placeOf(filter.before)}`);
      const direction = filter.after === undefined ? sql`desc` : sql`asc`;
      const { rows } = await reading(() =>
        sql<Row>`
          select cycle.id as cycle_id, operation.cycle as number, cycle.connection, cycle.kind, cycle.requested_by,
                 operation.sequence, operation.state, operation.attempts, operation.held_by, operation.settled_at,
                 operation.duration_ms, operation.body, operation.exported, operation.failure
          from headgate.operation as operation
          join headgate.cycle as cycle on cycle.number = operation.cycle
          where ${sql.join([SETTLED, ...conditions], sql` and `)}
          order by operation.settled_at ${direction}, operation.cycle ${direction}, operation.sequence ${direction}
          limit ${filter.limit}`.execute(db),
      );
      return toPage(rows, filter, horizon, await namesOf(db, rows), await ownersOf(db, rows));
    },
    prune: (retention, most) => commit(db, 'log.prune', (tx) => pruneStep(tx, retention, most)),
    lastSeenEntitled: (cycle, anchors) => reading(() => lastSeenEntitled(db, cycle, anchors)),
  };
}

const PLACE = sql`(operation.settled_at, operation.cycle, operation.sequence)`;
const SETTLED = sql`operation.settled_at is not null and operation.state = any(${LOG_OUTCOMES}::text[])`;

function cursorOf({ settled_at, number, sequence }: Row): LogCursor {
  return `${settled_at}.${number}.${sequence}`;
}

/** A cursor with a time alone stands before everything settled at that time. */
function placeOf(cursor: LogCursor): Condition {
  const [at = '0', cycle = '-1', sequence = '-1'] = cursor.split('.');
  return sql`(${at}::bigint, ${cycle}::bigint, ${sequence}::integer)`;
}

function toPage(
  rows: readonly Row[],
  filter: LogFilter,
  horizon: number,
  names: ReadonlyMap<Anchor, string>,
  owners: ReadonlyMap<string, NamedAnchor>,
) {
  const entries = rows.map((row) =>
    toLogEntry(toSettled(row), names, (resource) => owners.get(ownerKey(row.connection, resource))),
  );
  const last = rows.at(-1);
  if (filter.after !== undefined) {
    return { entries, newer: last === undefined ? filter.after : cursorOf(last) };
  }
  const older = last !== undefined && rows.length === filter.limit ? { older: cursorOf(last) } : {};
  return { entries, ...older, newer: String(horizon) };
}

function toSettled(row: Row): SettledOperation {
  return {
    at: Number(row.settled_at),
    connection: row.connection,
    cycle: row.cycle_id,
    cycleKind: row.kind,
    requestedBy: row.requested_by,
    sequence: row.sequence,
    operation: row.body,
    outcome: row.state,
    attempts: row.attempts,
    ...(row.held_by === null ? {} : { heldBy: row.held_by }),
    ...(row.exported === null ? {} : { exported: row.exported }),
    ...(row.failure === null ? {} : { failure: row.failure }),
    ...(row.duration_ms === null ? {} : { durationMs: row.duration_ms }),
  };
}

/**
 * Everything settled before this is committed. A long transaction (a large plan, a cancel) commits with a time it took at
 * its start, so following waits for the oldest one that has written something.
 */
async function safeHorizon(db: Sql, now: number): Promise<number> {
  const { rows } = await sql<{ oldest: string | null }>`
    select floor(extract(epoch from min(xact_start)) * 1000)::bigint as oldest from pg_stat_activity
    where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()`.execute(db);
  const oldest = rows[0]?.oldest ?? null;
  return (oldest === null ? now : Math.min(now, Number(oldest))) - BEHIND_MS;
}

function plainConditions({ connection, cycle, kinds, outcomes, since, until }: LogFilter): Condition[] {
  return [
    ...(connection === undefined ? [] : [sql`cycle.connection = ${connection}`]),
    ...(cycle === undefined ? [] : [sql`cycle.id = ${cycle}`]),
    ...(outcomes === undefined ? [] : [sql`operation.state = any(${outcomes}::text[])`]),
    ...(kinds === undefined ? [] : [sql`operation.body ->> 'kind' = any(${kinds}::text[])`]),
    ...(since === undefined ? [] : [sql`operation.settled_at >= ${since}`]),
    ...(until === undefined ? [] : [sql`operation.settled_at < ${until}`]),
  ];
}

/** A user is found in the operations of their account, and of groups whose members name them. */
async function subjectConditions(db: Sql, { user, group }: LogFilter): Promise<Condition[]> {
  const conditions: Condition[] = [];
  if (user !== undefined) {
    const anchors = await anchorsCalled(db, 'account', user);
    conditions.push(sql`(
      (operation.resource = 'account' and operation.anchor = any(${anchors}::text[]))
      or (operation.resource = 'group' and exists (
        select 1 from unnest(${anchors}::text[]) as named (anchor)
        where strpos(operation.body::text, '"' || named.anchor || '"') > 0)))`);
  }
  if (group !== undefined) {
    const anchors = await anchorsCalled(db, 'group', group);
    conditions.push(sql`operation.resource = 'group' and operation.anchor = any(${anchors}::text[])`);
  }
  return conditions;
}

/**
 * Anchors by anchor or name: from the links first, which know nearly everybody; only a name no link has is looked for in
 * the operations themselves, such as a user who could never be created.
 */
async function anchorsCalled(db: Sql, resource: 'account' | 'group', called: string): Promise<readonly Anchor[]> {
  const linked = await reading(() =>
    sql<{ anchor: Anchor }>`
      select distinct anchor from headgate.link
      where resource = ${resource} and (anchor = ${called} or lower(body ->> 'label') = lower(${called}))`.execute(db),
  );
  if (linked.rows.length > 0) return linked.rows.map(({ anchor }) => anchor);
  const mentioned = await reading(() =>
    sql<{ anchor: Anchor }>`
      select distinct anchor from headgate.operation
      where resource = ${resource} and lower(body ->> 'label') = lower(${called})`.execute(db),
  );
  return [called, ...mentioned.rows.map(({ anchor }) => anchor)];
}

/** Names of users the operations mention beside their subject, as the links know them. */
async function namesOf(db: Sql, rows: readonly Row[]): Promise<ReadonlyMap<Anchor, string>> {
  const anchors = [...new Set(rows.flatMap(({ body }) => anchorsNamed(body)))];
  if (anchors.length === 0) return new Map();
  const found = await reading(() =>
    sql<{ anchor: Anchor; label: string }>`
      select distinct on (anchor) anchor, body ->> 'label' as label from headgate.link
      where resource = 'account' and connection = any(${[...new Set(rows.map(({ connection }) => connection))]}::text[])
        and anchor = any(${anchors}::text[])
      order by anchor`.execute(db),
  );
  return new Map(found.rows.map(({ anchor, label }) => [anchor, label]));
}

function ownerKey(connection: string, resource: ResourceId): string {
  return `${connection} ${resource}`;
}

/** Who has, or had, the accounts that references led to before, as the links know them; whoever has one now comes first. */
async function ownersOf(db: Sql, rows: readonly Row[]): Promise<ReadonlyMap<string, NamedAnchor>> {
  const asked = rows.flatMap(({ connection, body }) =>
    resourcesNamed(body).map((resource_id) => ({ connection, resource_id })),
  );
  if (asked.length === 0) return new Map();
  const found = await reading(() =>
    sql<{ connection: string; resource_id: ResourceId; anchor: Anchor; name: string }>`
      select distinct on (link.connection, link.resource_id)
        link.connection, link.resource_id, link.anchor, link.body ->> 'label' as name
      from headgate.link as link
      join json_to_recordset(${JSON.stringify(asked)}::json) as given (connection text, resource_id text)
        on link.connection = given.connection and link.resource_id = given.resource_id
      where link.resource = 'account'
      order by link.connection, link.resource_id, (link.state = 'deleted'), link.anchor`.execute(db),
  );
  return new Map(
    found.rows.map(({ connection, resource_id, anchor, name }) => [
      ownerKey(connection, resource_id),
      { anchor, name },
    ]),
  );
}
