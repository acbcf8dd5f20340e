import { diskFull } from '../../core/errors.ts';
import type { Database } from './database.ts';
import type { Sql } from './tables.ts';

/** A transaction that found the disk full is tried again every minute or so; one that is not tried any more says nothing. */
const REMEMBERED_MS = 5 * 60_000;

/**
 * When transactions found the disk full that have not succeeded since, by name. Smaller ones go on succeeding for a while,
 * where files have room left inside them, and tell nothing.
 */
const found = new WeakMap<Sql, Map<string, number>>();

/** Remembers that a transaction found the disk full. */
export function foundFull(sql: Sql, name: string): void {
  const names = found.get(sql) ?? new Map<string, number>();
  found.set(sql, names.set(name, Date.now()));
}

/** Remembers that there was room for a transaction. */
export function foundRoom(sql: Sql, name: string): void {
  found.get(sql)?.delete(name);
}

/** Whether the disk of a database was found full, and as far as is known still is. `now` in ms since the epoch. */
export function isStillFull(sql: Sql, now = Date.now()): boolean {
  return [...(found.get(sql)?.values() ?? [])].some((at) => now - at < REMEMBERED_MS);
}

/** DiskFullError while the disk has no room: as can be seen, else as transactions have found it. */
export async function requireRoom({ sql, hasRoom }: Pick<Database, 'sql' | 'hasRoom'>): Promise<void> {
  if (!((await hasRoom()) ?? !isStillFull(sql))) throw diskFull();
}
