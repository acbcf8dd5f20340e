import type { Selectable } from 'kysely';
import type { Departure } from '../../core/departure.ts';
import type { Link, RememberedPath } from '../../core/link.ts';
import { shownOperation } from '../../core/without-secrets.ts';
import type { ConnectionState, CycleRecord, OperationRecord } from '../../ports/stores.ts';
import type { StoredLink, Tables } from './tables.ts';

type CycleTable = Selectable<Tables['headgate.cycle']>;

/** What a cycle is read with: not what is staged for the next one, which is as large as the tenant. */
export const CYCLE_COLUMNS = [
  'id',
  'connection',
  'kind',
  'phase',
  'requested_by',
  'created_at',
  'planned_at',
  'closed_at',
  'expected_digest',
  'plan_digest',
  'planned_under',
  'everything',
  'plan_counts',
  'notices',
  'verdict',
  'cancel_requested',
  'cancel_reason',
  'result',
  'failure',
  'progress',
  'attempts',
  'put_aside',
  'migration',
  'subject',
] as const satisfies readonly (keyof CycleTable)[];

/** What a transaction that locked a cycle decides by: read for each step of each slice, so nothing that grows. */
export const LOCKED_COLUMNS = [
  'number',
  'id',
  'connection',
  'phase',
  'cancel_requested',
  'expected_digest',
  'planned_at',
  'planned_under',
  'migration',
  'lease_worker',
  'slices_cut',
] as const satisfies readonly (keyof CycleTable)[];

type CycleRow = Pick<CycleTable, (typeof CYCLE_COLUMNS)[number]>;
export type LockedCycle = Pick<CycleTable, (typeof LOCKED_COLUMNS)[number]>;
type LinkTable = Selectable<Tables['headgate.link']>;
type ConnectionRow = Selectable<Tables['headgate.connection']>;
type OperationRow = Pick<
  Selectable<Tables['headgate.operation_seen']>,
  'sequence' | 'state' | 'attempts' | 'held_by' | 'approvals' | 'settled_at' | 'body' | 'exported' | 'failure' | 'sent'
> & { readonly cycle_id: string };

/** A key with a value, or nothing: optional properties are absent, never undefined. */
function optional<Key extends string, T>(key: Key, value: T | null | undefined): { readonly [K in Key]?: T } {
  if (value === null || value === undefined) return {};
  const found: { [K in Key]?: T } = {};
  found[key] = value;
  return found;
}

function time(value: string | number | null): number | undefined {
  return value === null ? undefined : Number(value);
}

/** The row of a cycle as its value. */
export function toCycle(row: CycleRow): CycleRecord {
  return {
    id: row.id,
    connection: row.connection,
    kind: row.kind,
    phase: row.phase,
    requestedBy: row.requested_by,
    createdAt: Number(row.created_at),
    notices: row.notices ?? [],
    cancelRequested: row.cancel_requested,
    attempts: row.attempts,
    ...optional('cancelReason', row.cancel_reason),
    ...optional('subject', row.subject),
    ...optional('plannedAt', time(row.planned_at)),
    ...optional('closedAt', time(row.closed_at)),
    ...optional('expectedDigest', row.expected_digest),
    ...optional('planDigest', row.plan_digest),
    ...optional('plannedUnder', row.planned_under),
    ...optional('everything', row.everything),
    ...optional('planCounts', row.plan_counts),
    ...optional('verdict', row.verdict),
    ...optional('result', row.result),
    ...optional('failure', row.failure),
    ...optional('progress', row.progress),
    ...optional('putAside', row.put_aside === 0 ? null : row.put_aside),
    ...optional('migration', row.migration),
  };
}

/** The row of an operation as its value, as it may be shown. */
export function toOperation(row: OperationRow): OperationRecord {
  return {
    cycle: row.cycle_id,
    sequence: row.sequence,
    operation: shownOperation(row.body),
    state: row.state,
    attempts: row.attempts,
    ...optional('heldBy', row.held_by),
    ...optional('approvals', row.approvals),
    ...optional('exported', row.exported),
    ...optional('failure', row.failure),
    ...optional('sent', row.sent),
    ...optional('settledAt', time(row.settled_at)),
  };
}

/** A link from its columns; what it remembers of its user is kept apart because it changes without an operation. */
export function toLink(
  body: StoredLink,
  paths: readonly RememberedPath[] | null,
  awaiting: readonly string[] | null,
  departure: Departure | null,
): Link {
  const memory = {
    ...optional('paths', paths),
    ...optional('awaiting', awaiting),
    ...optional('departure', departure),
  };
  return { ...body, ...memory };
}

/** What a link is read with. */
export const LINK_COLUMNS = ['body', 'paths', 'awaiting', 'departure'] as const satisfies readonly (keyof LinkTable)[];

export function readLink({ body, paths, awaiting, departure }: Pick<LinkTable, (typeof LINK_COLUMNS)[number]>): Link {
  return toLink(body, paths, awaiting, departure);
}

/** What is remembered about a connection; a connection never heard of is neither paused nor throttled. */
export function toConnection(name: string, row: ConnectionRow | undefined): ConnectionState {
  return {
    connection: name,
    schedulesPaused: row?.schedules_paused ?? false,
    ...optional('pausedReason', row?.paused_reason),
    ...optional('pausedAt', time(row?.paused_at ?? null)),
    ...optional('throttledUntil', time(row?.throttled_until ?? null)),
    ...optional('quarantine', row?.health?.state === 'healthy' ? null : row?.health),
    ...optional('pace', row?.pace),
    ...optional('switchedOffAt', time(row?.switched_off_at ?? null)),
  };
}
