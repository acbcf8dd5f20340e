import type { JournalEnd, JournalEntry, JournalLine } from '../core/migration/journal.ts';
import type { Link } from '../core/link.ts';

/** A migration as found: everything else is in its journal. */
export interface StoredMigration {
  readonly id: string;
  readonly connection: string;
  readonly createdAt: number;
  readonly endedAt?: number;
}

/** Connections of which none may have an open migration, nor open one at the same moment. */
interface Beside {
  readonly beside?: readonly string[];
}

/**
 * Migrations and their journals. The database, not the caller, keeps "one open migration per connection", and every line
 * that was answered for survives a power cut.
 */
export interface MigrationStore {
  /** Opens a migration with the first lines of its journal. RefusedError('migration-open') when the connection, or one beside it, has one. */
  open(connection: string, entries: readonly JournalEntry[], how?: Beside): Promise<StoredMigration>;
  get(id: string): Promise<StoredMigration | undefined>;
  /** The open migration of a connection, if there is one. */
  openOf(connection: string): Promise<StoredMigration | undefined>;
  listOpen(): Promise<readonly StoredMigration[]>;
  /** Newest first. */
  list(filter: { readonly connection?: string; readonly limit: number }): Promise<readonly StoredMigration[]>;
  /** The whole journal, or what follows a line, or no more than the first of that. */
  lines(id: string, after?: number, most?: number): Promise<readonly JournalLine[]>;
  /** How the journal ends, as kept beside it in the transaction of its last line; undefined where that is not known. */
  journalEnd(id: string): Promise<JournalEnd | undefined>;
  /** Takes or renews the right to act for `leaseMs`. False when another live worker has it, or the migration has ended. */
  lease(id: string, worker: string, leaseMs: number): Promise<boolean>;
  release(id: string, worker: string): Promise<void>;
  /**
   * Adds lines, with the links that follow from them, in one transaction; an `ended` line ends the migration. Undefined
   * when it has ended, or when `worker` is given and has lost its lease: then nothing was written. A first line `rollback`
   * opens one again that was aborted, unless its connection has had another migration since. RefusedError('migration-open')
   * when that is asked while a connection beside it has one. Undefined as well when a line of these kinds stands after the one
   * that what is added was decided by.
   */
  append(
    id: string,
    entries: readonly JournalEntry[],
    how?: Beside & {
      readonly worker?: string;
      readonly links?: readonly Link[];
      readonly unlessSaid?: { readonly after: number; readonly kinds: readonly JournalEntry['kind'][] };
    },
  ): Promise<readonly JournalLine[] | undefined>;
}
