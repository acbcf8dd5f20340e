import { open, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';

async function syncFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    // The database recycles log segments and drops files of dropped tables meanwhile: what is gone needs no sync.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

/** The names in a directory, where the system lets a directory be opened. */
async function syncNames(directory: string): Promise<void> {
  if (process.platform !== 'win32') await syncFile(directory);
}

async function filesIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Forces the files of a database onto the disk; the engine itself writes without ever asking for that. */
export interface DiskSync {
  /** The write-ahead log: after it, every commit so far survives a power cut. */
  syncLog(): Promise<void>;
  /** Every file of the database: to be done after a checkpoint, before its log may be recycled. */
  syncAll(): Promise<void>;
  /** Whether the disk has room for one more segment of the log. */
  hasRoom(): Promise<boolean>;
}

/** Size of a segment of the write-ahead log, which is made whole. */
const SEGMENT_BYTES = 16 * 1024 * 1024;

/** All files are synced, not the changed ones: file times are too coarse to tell, and syncing a clean file costs nothing. */
export function createDiskSync(database: string): DiskSync {
  const log = join(database, 'pg_wal');
  return {
    async syncLog() {
      for (const path of await filesIn(log)) await syncFile(path);
      await syncNames(log);
    },
    async syncAll() {
      for (const path of await filesIn(database)) await syncFile(path);
      await syncNames(log);
      await syncNames(database);
    },
    async hasRoom() {
      const { bavail, bsize } = await statfs(database);
      return bavail * bsize >= SEGMENT_BYTES;
    },
  };
}
