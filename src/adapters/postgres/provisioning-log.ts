import { sql } from 'kysely';
import type { Anchor } from '../../core/directory.ts';
import { anchorsNamed, resourcesNamed, type NamedAnchor } from '../../core/log-entry.ts';
import type { ResourceId } from '../../core/scim.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LogFilter, LogPage, ProvisioningLog } from '../../ports/provisioning-log.ts';
import { commit, reading } from './commits.ts';
import { lastSeenEntitled } from './leavers.ts';
import { cursorOf, readRows, toEntry, type Called, type LogRow } from './log-rows.ts';
import { pruneStep } from './prune.ts';
import { foldedForSearch } from './skip-rows.ts';
import type { Sql } from './tables.ts';

/**
 * How far following stays behind, in ms: the time of an entry is taken a moment before it is committed, and by another
 * process whose clock may differ.
 */
const BEHIND_MS = 2_000;

/** Reads the provisioning log from operations and skips, and forgets what is too old. */
export function createProvisioningLog(db: Sql, clock: Clock): ProvisioningLog {
  return {
    async read(filter) {
      const horizon = await reading(() => safeHorizon(db, clock.now()));
      const wanted = { plain: filter, horizon, called: await calledBy(db, filter) };
      const rows = await reading(() => readRows(db, wanted));
      return toPage(rows, filter, horizon, await namesOf(db, rows), await ownersOf(db, rows));
    },
    prune: (retention, most) => commit(db, 'log.prune', (tx) => pruneStep(tx, retention, most)),
    lastSeenEntitled: (cycle, anchors) => reading(() => lastSeenEntitled(db, cycle, anchors)),
  };
}

function toPage(
  rows: readonly LogRow[],
  filter: LogFilter,
  horizon: number,
  names: ReadonlyMap<Anchor, string>,
  owners: ReadonlyMap<string, NamedAnchor>,
): LogPage {
  const entries = rows.map((row) => toEntry(row, names, (resource) => owners.get(ownerKey(row.connection, resource))));
  const last = rows.at(-1);
  if (filter.after !== undefined) {
    return { entries, newer: last === undefined ? filter.after : cursorOf(last) };
  }
  const older = last !== undefined && rows.length === filter.limit ? { older: cursorOf(last) } : {};
  return { entries, ...older, newer: String(horizon) };
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

/** Whom the filter names: one name may be of several, as when somebody was deleted and made anew. */
async function calledBy(db: Sql, { user, group }: LogFilter): Promise<Called> {
  return {
    ...(user === undefined ? {} : { users: await anchorsCalled(db, 'account', user) }),
    ...(group === undefined ? {} : { groups: await anchorsCalled(db, 'group', group) }),
  };
}

/**
 * Anchors by anchor or name: from the links and skips first, which know nearly everybody; only a name none of them has
 * is looked for in the operations themselves, such as a user who could never be created.
 */
async function anchorsCalled(db: Sql, resource: 'account' | 'group', called: string): Promise<readonly Anchor[]> {
  const linked = await reading(() =>
    sql<{ anchor: Anchor }>`
      select anchor from headgate.link
      where resource = ${resource} and (anchor = ${called} or lower(body ->> 'label') = lower(${called}))
      union select anchor from headgate.skip
      where resource = ${resource} and (anchor = ${called} or folded_name = ${foldedForSearch(called)})`.execute(db),
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
async function namesOf(db: Sql, rows: readonly LogRow[]): Promise<ReadonlyMap<Anchor, string>> {
  const anchors = [...new Set(rows.flatMap(({ body }) => (body === null ? [] : anchorsNamed(body))))];
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
async function ownersOf(db: Sql, rows: readonly LogRow[]): Promise<ReadonlyMap<string, NamedAnchor>> {
  const asked = rows.flatMap(({ connection, body }) =>
    (body === null ? [] : resourcesNamed(body)).map((resource_id) => ({ connection, resource_id })),
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
