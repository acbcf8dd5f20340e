import { sql } from 'kysely';
import type { Departure } from '../../core/departure.ts';
import type { Anchor } from '../../core/directory.ts';
import type { Link, LinkMemory, RememberedPath } from '../../core/link.ts';
import type { LinkStore } from '../../ports/stores.ts';
import { inChunks } from './chunks.ts';
import { commit, reading } from './commits.ts';
import { createFocusReads } from './focus-reads.ts';
import { LINK_COLUMNS, readLink, toLink } from './rows.ts';
import type { Sql, StoredLink, Tx } from './tables.ts';

/** Links handed over in one value: a million links row by row take fifteen times as long. */
const LOAD_CHUNK = 20_000;
const FIND_CHUNK = 5_000;
const WRITE_CHUNK = 5_000;

type LoadedRow = readonly [StoredLink, readonly RememberedPath[] | null, readonly Anchor[] | null, Departure | null];

/** Rows of headgate.link as one JSON array of [body, paths, awaiting, departure]; null when there are none. */
const AS_JSON = sql<string | null>`
  '[' || string_agg('[' || body::text || ',' || coalesce(paths::text, 'null') || ',' ||
    coalesce(to_json(awaiting)::text, 'null') || ',' || coalesce(departure::text, 'null') || ']', ',') || ']'`;

function readLinks(json: string): readonly Link[] {
  const rows: readonly LoadedRow[] = JSON.parse(json);
  return rows.map(([body, paths, awaiting, departure]) => toLink(body, paths, awaiting, departure));
}

interface LoadedChunk {
  /** Links as one JSON array; null after the last chunk. */
  readonly links: string | null;
  readonly count: number;
  readonly last: string | null;
}

function readChunk(db: Sql, connection: string, resource: Link['resource'], after: string): Promise<LoadedChunk> {
  return reading(async () => {
    const { rows } = await sql<LoadedChunk>`
      select ${AS_JSON} as links, count(*)::integer as count, max(anchor) as last
      from (
        select anchor, body, paths, awaiting, departure from headgate.link
        where connection = ${connection} and resource = ${resource} and anchor > ${after}
        order by anchor limit ${LOAD_CHUNK}
      ) as chunk`.execute(db);
    return rows[0] ?? { links: null, count: 0, last: null };
  });
}

async function loadAll(db: Sql, connection: string, resource: Link['resource'], into: Link[]): Promise<void> {
  let after = '';
  for (;;) {
    const chunk = await readChunk(db, connection, resource, after);
    if (chunk.links === null || chunk.last === null) return;
    for (const link of readLinks(chunk.links)) into.push(link);
    if (chunk.count < LOAD_CHUNK) return;
    after = chunk.last;
  }
}

/**
 * The links of each connection. A load is several statements: nobody changes the links of a connection while its one
 * open cycle is gathering, and a plan's operations are checked against the provider when they are sent.
 */
export function createLinkStore(db: Sql): Omit<LinkStore, 'forget'> {
  return {
    async load(connection) {
      const links: Link[] = [];
      await loadAll(db, connection, 'account', links);
      await loadAll(db, connection, 'group', links);
      return links;
    },

    async find(connection, resource, anchors) {
      const found = new Map<Anchor, Link>();
      for (const chunk of inChunks(anchors, FIND_CHUNK)) {
        const { rows } = await reading(() =>
          sql<Pick<LoadedChunk, 'links'>>`
            select ${AS_JSON} as links from headgate.link
            where connection = ${connection} and resource = ${resource} and anchor = any(${chunk}::text[])`.execute(db),
        );
        for (const link of readLinks(rows[0]?.links ?? '[]')) found.set(link.anchor, link);
      }
      return found;
    },

    async counts(connection) {
      const rows = await reading(() =>
        db
          .selectFrom('headgate.link_count')
          .select(['resource', 'state', 'count'])
          .where('connection', '=', connection)
          .execute(),
      );
      return Object.fromEntries(rows.map((row) => [`${row.resource}.${row.state}`, Number(row.count)]));
    },

    ...createFocusReads(db),

    async list(connection, { after = { resource: 'account', anchor: '' }, limit }) {
      const rows = await reading(() =>
        db
          .selectFrom('headgate.link')
          .select(LINK_COLUMNS)
          .where('connection', '=', connection)
          .where('state', '<>', 'deleted')
          .where(sql<boolean>`(resource, anchor) > (${after.resource}, ${after.anchor})`)
          .orderBy('resource')
          .orderBy('anchor')
          .limit(limit)
          .execute(),
      );
      return rows.map(readLink);
    },

    async restore(connection, links) {
      await commit(db, 'links.restore', async (tx) => {
        await writeLinks(tx, connection, links);
        await rememberLinks(tx, connection, links.flatMap(memoryOf));
      });
    },
  };
}

/** What a link remembers of a user who is about to leave: written apart, because an export never changes it. */
function memoryOf({ resource, anchor, paths, awaiting, departure }: Link): readonly LinkMemory[] {
  if (departure === undefined) return [];
  return [{ resource, anchor, paths: paths ?? [], awaiting: awaiting ?? [], departure }];
}

const NO_MEMORY = { paths: null, path_groups: null, awaiting: null };

function memoryColumns({ paths, awaiting }: Pick<LinkMemory, 'paths' | 'awaiting'>) {
  const groups = paths.flatMap(({ group }) => (group === undefined ? [] : [group]));
  return {
    paths: JSON.stringify(paths),
    path_groups: groups.length === 0 ? null : groups,
    awaiting: awaiting.length === 0 ? null : awaiting,
  };
}

/** Remembers what links know of their users and groups. Called with the changed ones only, as their plan is saved. */
export async function rememberLinks(tx: Tx, connection: string, memories: readonly LinkMemory[]): Promise<void> {
  for (const chunk of inChunks(memories, WRITE_CHUNK)) {
    const rows = chunk.map(({ resource, anchor, departure, ...memory }) => ({
      resource,
      anchor,
      ...memoryColumns(memory),
      departure: departure === null ? null : JSON.stringify(departure),
      due_at: departure?.next?.dueAt ?? null,
    }));
    await sql`
      update headgate.link as link
      set paths = given.paths::json, path_groups = given.path_groups, awaiting = given.awaiting,
          departure = given.departure::json, due_at = given.due_at
      from json_to_recordset(${JSON.stringify(rows)}::json)
        as given (resource text, anchor text, paths text, path_groups text[], awaiting text[], departure text, due_at bigint)
      where link.connection = ${connection} and link.resource = given.resource
        and link.anchor = given.anchor`.execute(tx);
  }
}

/**
 * Writes links inside the transaction that records their operations. Paths the caller does not know are left as they
 * were, and so is how the user left: the exporter changes an account, not how its user is in scope.
 */
export async function writeLinks(tx: Tx, connection: string, links: readonly Link[]): Promise<void> {
  for (const chunk of inChunks(links, WRITE_CHUNK)) {
    const rows = chunk.map(({ paths, awaiting, departure: _departure, ...link }) => ({
      resource: link.resource,
      anchor: link.anchor,
      state: link.state,
      body: JSON.stringify(link),
      resource_id: link.resourceId,
      ...(paths === undefined ? NO_MEMORY : memoryColumns({ paths, awaiting: awaiting ?? [] })),
    }));
    await sql`
      insert into headgate.link as kept
        (connection, resource, anchor, state, body, resource_id, paths, path_groups, awaiting)
      select ${connection}, resource, anchor, state, body::json, resource_id, paths::json, path_groups, awaiting
      from json_to_recordset(${JSON.stringify(rows)}::json)
        as given (resource text, anchor text, state text, body text, resource_id text, paths text,
                  path_groups text[], awaiting text[])
      on conflict (connection, resource, anchor) do update
        set state = excluded.state, body = excluded.body, resource_id = excluded.resource_id, paths = coalesce(excluded.paths, kept.paths),
            path_groups = case when excluded.paths is null then kept.path_groups else excluded.path_groups end,
            awaiting = case when excluded.paths is null then kept.awaiting else excluded.awaiting end`.execute(tx);
  }
}

/** Forgets links whose resource turned out not to be there. */
export async function dropLinks(
  tx: Tx,
  connection: string,
  dropped: readonly Pick<Link, 'resource' | 'anchor'>[],
): Promise<void> {
  if (dropped.length === 0) return;
  await sql`
    delete from headgate.link as link
    using unnest(${dropped.map((link) => link.resource)}::text[], ${dropped.map((link) => link.anchor)}::text[])
      as given (resource, anchor)
    where link.connection = ${connection} and link.resource = given.resource and link.anchor = given.anchor`.execute(
    tx,
  );
}

/**
 * Takes users out of what groups are remembered to hold: their account is gone, or another one, and where the provider
 * shows no members nothing else would tell that the membership went with it.
 */
export async function forgetMemberships(tx: Tx, connection: string, users: readonly Anchor[]): Promise<void> {
  if (users.length === 0) return;
  await sql`
    update headgate.link
    set body = jsonb_set(body::jsonb, '{members}', (
      select coalesce(jsonb_agg(member), '[]'::jsonb) from jsonb_array_elements_text(body::jsonb -> 'members') as member
      where member <> all(${users}::text[])))::json
    where connection = ${connection} and resource = 'group'
      and body::jsonb -> 'members' ?| ${users}::text[]`.execute(tx);
}
