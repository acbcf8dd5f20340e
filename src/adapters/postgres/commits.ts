import { channel } from 'node:diagnostics_channel';
import { DiskFullError } from '../../core/errors.ts';
import type { Sql, Tx } from './tables.ts';
import { translateFailure } from './failures.ts';
import { foundFull, foundRoom } from './full-disk.ts';

/** One boundary of a transaction that changes durable state. */
export interface CommitEvent {
  /** The store method, such as `cycles.savePlan`. */
  readonly name: string;
  readonly phase: 'before' | 'after';
}

/** Makes what was committed survive a power cut. PostgreSQL does so by itself; the embedded database must be told. */
export type SyncToDisk = () => Promise<void>;

/** Told around every transaction, at no cost while nobody listens: for tracing, and to kill a process at a boundary. */
const commits = channel('headgate:commit');

function announce(name: string, phase: CommitEvent['phase']): void {
  if (commits.hasSubscribers) commits.publish({ name, phase } satisfies CommitEvent);
}

/** Runs one transaction and announces it. Failures come out of the error family, without any data of the rows. */
export async function commit<T>(sql: Sql, name: string, work: (tx: Tx) => Promise<T>): Promise<T> {
  announce(name, 'before');
  try {
    const result = await reading(() => sql.transaction().execute(work));
    foundRoom(sql, name);
    announce(name, 'after');
    return result;
  } catch (error) {
    if (error instanceof DiskFullError) foundFull(sql, name);
    throw error;
  }
}

/** Runs a read. Failures come out of the error family. */
export async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translateFailure(error);
  }
}
