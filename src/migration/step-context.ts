import type { JournalEntry, JournalLine, MembersOut } from '../core/migration/journal.ts';
import type { Link } from '../core/link.ts';
import type { MigrationStep } from '../core/migration/migration.ts';
import type { ActiveAccount } from '../core/migration/survey.ts';
import { stateOf, type MigrationState } from '../core/migration/state.ts';
import { RefusedError } from '../core/errors.ts';
import type { DirectoryWriter } from '../ports/directory-writer.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';
import type { MigrationStore } from '../ports/migration-store.ts';
import { requireStillAllowed } from './still-allowed.ts';

type UnlessSaid = NonNullable<NonNullable<Parameters<MigrationStore['append']>[2]>['unlessSaid']>;

/** What people say that changes what a migration does next: nothing that was decided without it is written after it. */
export const WORDS = ['paused', 'resumed', 'abort', 'rollback'] as const;

/** What a step came to. */
export type StepOutcome =
  /** Done; what else there is to say of it goes into the journal with it, all or nothing. */
  | {
      readonly is: 'done';
      readonly text: string;
      readonly first?: readonly JournalEntry[];
      /** Keys of calls whose effect it does without. */
      readonly stays?: readonly string[];
      /** Members of SCIM groups that could not be put back. */
      readonly notBack?: readonly MembersOut[];
      /** Of the last step: a person must look before the connection's next cycle. */
      readonly freezes?: true;
    }
  /** Nothing more can be done now; look again after so many ms. */
  | { readonly is: 'again'; readonly afterMs: number }
  /** Something changed outside: go back to this step; `first` goes into the journal with that, all or nothing. */
  | {
      readonly is: 'reopen';
      readonly step: MigrationStep;
      readonly why: string;
      readonly first?: readonly JournalEntry[];
    }
  /** A person must look. The migration is paused; nothing is lost. `first` goes into the journal with that, all or nothing. */
  | { readonly is: 'stop'; readonly why: string; readonly first?: readonly JournalEntry[] }
  /** Somebody would lose, or has lost, access: the migration ends here and the connection is frozen. */
  | { readonly is: 'abort'; readonly why: string; readonly lost?: readonly ActiveAccount[] }
  /** Pause, abort or rollback was asked for, or the lease was lost. */
  | { readonly is: 'left' };

/** Everything a step works with. */
export interface StepContext {
  readonly id: string;
  readonly connection: Connection;
  readonly ports: Ports;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly step: MigrationStep;
  state(): MigrationState;
  /** Adds lines. LeftError when the migration is no longer this worker's. */
  append(entries: readonly JournalEntry[], links?: readonly Link[]): Promise<void>;
  /** Marks the step as begun, once. LeftError when somebody has said something that was not known yet. */
  begin(): Promise<void>;
  /** Records a read of the step's effect; the number of complete ones in a row. */
  sight(complete: boolean, text: string): Promise<number>;
  /**
   * Whether to stop between two requests. Reads what others have added to the journal. RefusedError while the connection is
   * paused or in quarantine.
   */
  interrupted(): Promise<boolean>;
}

/** The worker lost the migration; whoever has it goes on. Never leaves `src/migration`. */
export class LeftError extends Error {
  override readonly name = 'LeftError';
}

/** A context on a journal as read. */
export function openStep(
  given: Pick<StepContext, 'id' | 'connection' | 'ports' | 'log' | 'signal' | 'step'> & { readonly worker: string },
  read: readonly JournalLine[],
): StepContext {
  const { id, ports, step, worker, signal } = given;
  let lines = read;
  const { mode, last } = stateOf(lines);
  const began = last.sequence;
  const state = () => stateOf(lines);
  const catchUp = async () => {
    const more = await ports.stores.migrations.lines(id, lines.at(-1)?.sequence ?? 0);
    if (more.length > 0) lines = [...lines, ...more];
  };
  const append = async (entries: readonly JournalEntry[], links: readonly Link[] = [], unlessSaid?: UnlessSaid) => {
    if (entries.length === 0 && links.length === 0) return;
    const how = { worker, links, ...(unlessSaid && { unlessSaid }) };
    const added = await ports.stores.migrations.append(id, entries, how);
    if (added === undefined) throw new LeftError('the migration is another worker’s, or over, or somebody said a word');
    await catchUp();
  };
  return {
    ...given,
    state,
    append: (entries, links) => append(entries, links),
    async begin() {
      // From some steps on there is no way back: whoever asked for another way meanwhile must get it.
      if (!state().begun.has(step)) await append([{ kind: 'begun', step }], [], { after: began, kinds: WORDS });
    },
    async sight(complete, text) {
      await append([{ kind: 'seen', step, complete, text }]);
      return state().sightings[step]?.times ?? 0;
    },
    async interrupted() {
      if (signal.aborted) return true;
      await catchUp();
      const now = state();
      // Once nothing is sent any more there is only the way to the end.
      const aborts = now.aborting !== undefined && !now.switchedOff;
      if (now.paused !== undefined || aborts || now.ended !== undefined || now.mode !== mode) return true;
      await requireStillAllowed(given, now);
      return false;
    },
  };
}

/** The identity that writes to the directory. RefusedError when none is configured. */
export function requireWriter({ migration }: Pick<Ports, 'migration'>): DirectoryWriter {
  if (migration.writer !== undefined) return migration.writer;
  throw new RefusedError(
    'migration-refused',
    'no identity may write to the directory: directory.migration is not configured',
    {
      remedy:
        'Register a separate application with AppRoleAssignment.ReadWrite.All and Application.Read.All, and name it in directory.migration.',
    },
  );
}
