import type { Anchor } from '../core/directory.ts';
import type { DirectoryChange } from '../core/migration/journal.ts';
import type { MigrationEngine } from '../core/migration/migration.ts';
import type { WriteWitness } from '../core/operation.ts';
import type { CheckResult } from './directory-source.ts';

/** What became of one change. */
export interface DirectoryChanged {
  readonly state: 'done' | 'already-so';
  /** Id of the assignment that was made. */
  readonly assignment?: string;
}

/** Whether the service provider takes the secret that is saved in a provisioning job of Entra's. */
export type SavedCredentials =
  | { readonly is: 'accepted' | 'refused' }
  /** Nobody can tell; `why` without personal data. */
  | { readonly is: 'unknown'; readonly why: string };

/**
 * The only way Headgate writes to a directory: the separate identity of a migration, with the least it needs. Every change
 * is idempotent; a failure is one of the error family.
 */
export interface DirectoryWriter {
  /**
   * Makes one change. A change that was made before is `already-so`, unless an earlier try of this very call may have made it:
   * that is `done`. RefusedError('migration-refused') when the identity holds permissions with which a mistake could delete people.
   */
  apply(change: DirectoryChange, signal: AbortSignal, witness?: WriteWitness): Promise<DirectoryChanged>;
  /**
   * Has Entra try the secret out that is saved in its provisioning job. Changes nothing; the secret itself is never seen.
   * Fails like `apply`.
   */
  savedCredentials(application: Anchor, job: string, signal: AbortSignal): Promise<SavedCredentials>;
  /** Proves the credential, and that it has what migrations of that engine need and nothing dangerous. Writes nothing. */
  check(engine: MigrationEngine, signal: AbortSignal): Promise<readonly CheckResult[]>;
  close(): Promise<void>;
}
