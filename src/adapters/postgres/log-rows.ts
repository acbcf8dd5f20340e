import { sql, type RawBuilder } from 'kysely';
import type { Anchor } from '../../core/directory.ts';
import type { CycleKind } from '../../core/cycle.ts';
import {
  SETTLED_OUTCOMES,
  toLogEntry,
  toSkipEntry,
  type LogEntry,
  type SettledOperation,
  type SettledOutcome,
} from '../../core/log-entry.ts';
import type { Exported, Operation } from '../../core/operation.ts';
import type { Skip } from '../../core/skip.ts';
import type { LogCursor, LogFilter } from '../../ports/provisioning-log.ts';
import type { OperationRecord } from '../../ports/stores.ts';
import type { Sql } from './tables.ts';

interface OperationPart {
  readonly state: SettledOutcome;
  readonly attempts: number;
  readonly held_by: string | null;
  readonly duration_ms: number | null;
  readonly body: Operation;
  readonly exported: Exported | null;
  readonly failure: NonNullable<OperationRecord['failure']> | null;
  readonly skip: null;
}

/** A row of the log: a settled operation, or somebody passed over. */
export type LogRow = {
  readonly cycle_id: string;
  readonly number: string;
  readonly connection: string;
  readonly kind: CycleKind;
  readonly requested_by: string;
  readonly sequence: number;
  readonly at: string;
} & (OperationPart | { readonly skip: Skip; readonly body: null });

/** Whom a filter means, by anchor. */
export interface Called {
  readonly users?: readonly Anchor[];
  readonly groups?: readonly Anchor[];
}

interface Wanted {
  readonly plain: LogFilter;
  readonly called: Called;
  /** Following shows nothing younger, ms since the epoch. */
  readonly horizon: number;
}

type Condition = RawBuilder<unknown>;

/** Where in the log a row stands; operations and skips of one cycle are numbered together. */
interface Place {
  readonly at: Condition;
  readonly whole: Condition;
}

const OPERATION: Place = {
  at: sql`operation.settled_at`,
  whole: sql`(operation.settled_at, operation.cycle, operation.sequence)`,
};
const SKIP: Place = { at: sql`skip.at`, whole: sql`(skip.at, skip.cycle, skip.sequence)` };

/** The cursor that stands at a row. */
export function cursorOf({ at, number, sequence }: LogRow): LogCursor {
  return `${at}.${number}.${sequence}`;
}

/** A cursor with a time alone stands before everything settled at that time. */
function placeOf(cursor: LogCursor): Condition {
  const [at = '0', cycle = '-1', sequence = '-1'] = cursor.split('.');
  return sql`(${at}::bigint, ${cycle}::bigint, ${sequence}::integer)`;
}

/** The wanted rows of both, as far as the limit: each side is cut by its own index first. */
export async function readRows(db: Sql, wanted: Wanted): Promise<readonly LogRow[]> {
  const { kinds, outcomes, after, limit } = wanted.plain;
  const direction = after === undefined ? sql`desc` : sql`asc`;
  const operations = outcomes === undefined || outcomes.some((outcome) => outcome !== 'skipped');
  const skips = kinds === undefined && (outcomes === undefined || outcomes.includes('skipped'));
  const sides = [
    ...(operations ? [operationsOf(wanted, direction)] : []),
    ...(skips ? [skipsOf(wanted, direction)] : []),
  ];
  if (sides.length === 0) return [];
  const { rows } = await sql<LogRow>`
    select * from (${sql.join(sides, sql` union all `)}) as entry
    order by at ${direction}, number ${direction}, sequence ${direction} limit ${limit}`.execute(db);
  return rows;
}

function operationsOf(wanted: Wanted, direction: Condition): Condition {
  const { kinds, outcomes, limit } = wanted.plain;
  const conditions = [
    sql`operation.settled_at is not null`,
    sql`operation.state = any(${outcomes ?? SETTLED_OUTCOMES}::text[])`,
    ...(kinds === undefined ? [] : [sql`operation.body ->> 'kind' = any(${kinds}::text[])`]),
    ...operationsAbout(wanted.called),
    ...bounds(wanted, OPERATION),
  ];
  return sql`(
    select cycle.id as cycle_id, operation.cycle as number, cycle.connection, cycle.kind, cycle.requested_by,
           operation.sequence, operation.settled_at as at, operation.state, operation.attempts, operation.held_by,
           operation.duration_ms, operation.body, operation.exported, operation.failure, null::json as skip
    from headgate.operation as operation
    join headgate.cycle as cycle on cycle.number = operation.cycle
    where ${sql.join(conditions, sql` and `)}
    order by operation.settled_at ${direction}, operation.cycle ${direction}, operation.sequence ${direction}
    limit ${limit})`;
}

function skipsOf(wanted: Wanted, direction: Condition): Condition {
  const { users, groups } = wanted.called;
  const conditions = [
    ...(users === undefined ? [] : [sql`skip.resource = 'account' and skip.anchor = any(${users}::text[])`]),
    ...(groups === undefined ? [] : [sql`skip.resource = 'group' and skip.anchor = any(${groups}::text[])`]),
    ...bounds(wanted, SKIP),
  ];
  return sql`(
    select cycle.id as cycle_id, skip.cycle as number, cycle.connection, cycle.kind, cycle.requested_by, skip.sequence,
           skip.at, null as state, null as attempts, null as held_by, null as duration_ms, null as body,
           null as exported, null as failure, skip.body as skip
    from headgate.skip as skip
    join headgate.cycle as cycle on cycle.number = skip.cycle
    where ${conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `)}
    order by skip.at ${direction}, skip.cycle ${direction}, skip.sequence ${direction}
    limit ${wanted.plain.limit})`;
}

/** A user is found in the operations of their account, and of groups whose members name them. */
function operationsAbout({ users, groups }: Called): readonly Condition[] {
  return [
    ...(users === undefined
      ? []
      : [
          sql`(
      (operation.resource = 'account' and operation.anchor = any(${users}::text[]))
      or (operation.resource = 'group' and exists (
        select 1 from unnest(${users}::text[]) as named (anchor)
        where strpos(operation.body::text, '"' || named.anchor || '"') > 0)))`,
        ]),
    ...(groups === undefined ? [] : [sql`operation.resource = 'group' and operation.anchor = any(${groups}::text[])`]),
  ];
}

function bounds({ plain, horizon }: Wanted, { at, whole }: Place): readonly Condition[] {
  const { connection, cycle, since, until, before, after } = plain;
  return [
    ...(connection === undefined ? [] : [sql`cycle.connection = ${connection}`]),
    ...(cycle === undefined ? [] : [sql`cycle.id = ${cycle}`]),
    ...(since === undefined ? [] : [sql`${at} >= ${since}`]),
    ...(until === undefined ? [] : [sql`${at} < ${until}`]),
    ...(after === undefined ? [] : [sql`${whole} > ${placeOf(after)}`, sql`${at} < ${horizon}`]),
    ...(before === undefined ? [] : [sql`${whole} < ${placeOf(before)}`]),
  ];
}

/** The row as an entry of the log; `names` and `ownerOf` tell of users it mentions. */
export function toEntry(
  row: LogRow,
  names: ReadonlyMap<Anchor, string>,
  ownerOf: Parameters<typeof toLogEntry>[2],
): LogEntry {
  const facts = {
    at: Number(row.at),
    connection: row.connection,
    cycle: row.cycle_id,
    cycleKind: row.kind,
    requestedBy: row.requested_by,
    sequence: row.sequence,
  };
  return row.skip === null
    ? toLogEntry({ ...facts, ...settledPart(row) }, names, ownerOf)
    : toSkipEntry(facts, row.skip);
}

function settledPart(row: OperationPart): Omit<SettledOperation, keyof Parameters<typeof toSkipEntry>[0]> {
  return {
    operation: row.body,
    outcome: row.state,
    attempts: row.attempts,
    ...(row.held_by === null ? {} : { heldBy: row.held_by }),
    ...(row.exported === null ? {} : { exported: row.exported }),
    ...(row.failure === null ? {} : { failure: row.failure }),
    ...(row.duration_ms === null ? {} : { durationMs: row.duration_ms }),
  };
}
