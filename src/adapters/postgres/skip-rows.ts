import { sql } from 'kysely';
import type { Anchor } from '../../core/directory.ts';
import { skipChanges, type Skip, type Skips } from '../../core/skip.ts';
import { inChunks } from './chunks.ts';
import type { Tx } from './tables.ts';

const LOAD_CHUNK = 20_000;
const WRITE_CHUNK = 1_000;

interface Chunk {
  /** Skips as one JSON array; null when there are none. */
  readonly skips: string | null;
  readonly count: number;
  readonly last: string | null;
}

const AS_JSON = sql<string | null>`'[' || string_agg(body::text, ',') || ']'`;

function parsed(json: string | null | undefined): readonly Skip[] {
  const skips: readonly Skip[] = JSON.parse(json ?? '[]');
  return skips;
}

/** A name as it is looked for: without case, and without what text cannot hold (NUL, half a surrogate pair). */
export function foldedForSearch(name: string): string {
  return name.toLowerCase().replaceAll(/[\0\ud800-\udfff]/gu, '');
}

/**
 * Stores whom a cycle passed over, as far as it was not told before, numbered from `first`, and ends what is over. Called
 * with the cycle's row locked: its connection has no other open cycle.
 */
export async function writeSkips(
  tx: Tx,
  { number, connection }: { readonly number: string; readonly connection: string },
  skips: Skips,
  { first, now }: { readonly first: number; readonly now: number },
): Promise<void> {
  const { told, over } = skipChanges(await standing(tx, connection, skips.among), skips);
  for (const chunk of inChunks(over, WRITE_CHUNK)) {
    const keys = chunk.map(({ resource, anchor }) => ({ resource, anchor }));
    await sql`
      update headgate.skip as skip set standing = false
      from json_to_recordset(${JSON.stringify(keys)}::json) as given (resource text, anchor text)
      where skip.connection = ${connection} and skip.standing
        and skip.resource = given.resource and skip.anchor = given.anchor`.execute(tx);
  }
  let sequence = first;
  for (const chunk of inChunks(told, WRITE_CHUNK)) {
    const rows = chunk.map((skip) => ({
      sequence: sequence++,
      resource: skip.resource,
      anchor: skip.anchor,
      folded_name: foldedForSearch(skip.name),
      body: JSON.stringify(skip),
    }));
    await sql`
      insert into headgate.skip (cycle, sequence, connection, resource, anchor, folded_name, at, body)
      select ${number}, sequence, ${connection}, resource, anchor, folded_name, ${now}::bigint, body::json
      from json_to_recordset(${JSON.stringify(rows)}::json)
        as given (sequence integer, resource text, anchor text, folded_name text, body text)`.execute(tx);
  }
}

/** Skips told of before and not over yet: of these, or of all. */
async function standing(tx: Tx, connection: string, among: readonly Anchor[] | undefined): Promise<readonly Skip[]> {
  if (among === undefined)
    return [...(await allStanding(tx, connection, 'account')), ...(await allStanding(tx, connection, 'group'))];
  const found: Skip[] = [];
  for (const chunk of inChunks(among, LOAD_CHUNK)) {
    const { rows } = await sql<Pick<Chunk, 'skips'>>`
      select ${AS_JSON} as skips from headgate.skip
      where connection = ${connection} and standing and resource in ('account', 'group')
        and anchor = any(${chunk}::text[])`.execute(tx);
    found.push(...parsed(rows[0]?.skips));
  }
  return found;
}

async function allStanding(tx: Tx, connection: string, resource: Skip['resource']): Promise<readonly Skip[]> {
  const found: Skip[] = [];
  for (let after = ''; ;) {
    const { rows } = await sql<Chunk>`
      select ${AS_JSON} as skips, count(*)::integer as count, max(anchor) as last
      from (
        select anchor, body from headgate.skip
        where connection = ${connection} and standing and resource = ${resource} and anchor > ${after}
        order by anchor limit ${LOAD_CHUNK}
      ) as chunk`.execute(tx);
    for (const skip of parsed(rows[0]?.skips)) found.push(skip);
    const last = rows[0]?.last ?? null;
    if (last === null || rows[0]?.count !== LOAD_CHUNK) return found;
    after = last;
  }
}

/** Forgets at most `most` skips of a cycle; returns how many went. */
export async function pruneSkips(tx: Tx, cycle: string, most: number): Promise<number> {
  const gone = await sql`
    delete from headgate.skip where cycle = ${cycle} and sequence in (
      select sequence from headgate.skip where cycle = ${cycle} order by sequence limit ${most})`.execute(tx);
  return Number(gone.numAffectedRows ?? 0n);
}
