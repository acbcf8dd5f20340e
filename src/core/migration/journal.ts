import type { Anchor } from '../directory.ts';
import { RefusedError } from '../errors.ts';
import { brokenJournal } from './broken-journal.ts';
import { digestOf } from '../plan.ts';
import type { SentWrite } from '../operation.ts';
import type { JsonObject, ResourceId } from '../scim.ts';
import type { MigrationGate, MigrationKind, MigrationOptions, MigrationResult, MigrationStep } from './migration.ts';
import type { Leaver } from './leavers.ts';
import type { NativeJob } from './native-job.ts';
import type { ActiveAccount, Survey } from './survey.ts';

/** A request exactly as it goes over the wire, without credentials. */
export interface ExactRequest {
  readonly to: 'directory' | 'provider';
  readonly method: string;
  /** Below the root of Graph or the SCIM base URL. */
  readonly path: string;
  readonly body?: JsonObject;
  /** Characters of a body that was sent and not kept. */
  readonly leftOut?: number;
}

/** One change a migration makes in the directory. */
export type DirectoryChange =
  | { readonly kind: 'assign'; readonly application: Anchor; readonly principal: Anchor; readonly roleId: string }
  | { readonly kind: 'unassign'; readonly application: Anchor; readonly assignment: string }
  | { readonly kind: 'pause-job'; readonly application: Anchor; readonly job: string };

/** One outside call about to be made, or made. */
export interface MigrationCall {
  /** What it is about, unique within the step: a repeated call has the same key. */
  readonly key: string;
  /** For people: `assign ada@contoso.com`. */
  readonly what: string;
  readonly request: ExactRequest;
  /** For the directory: the change itself, so that a rollback knows what to undo. */
  readonly change?: DirectoryChange;
  /** Members of a SCIM group, to be taken out. */
  readonly members?: readonly ResourceId[];
  readonly group?: Anchor;
  /** Whose direct assignment is withdrawn: the change itself names the assignment alone. */
  readonly principal?: Anchor;
  /** Which role that gives. */
  readonly roleId?: string;
}

/** What the provider makes of the secret in Entra's own job. `unknown`: nobody can tell, and a person is asked at the gate. */
export type JobTokenState = 'refused' | 'accepted' | 'unknown';

export interface CallOutcome {
  readonly key: string;
  /** `failed` is known not to have been done; `unknown` may have been. */
  readonly state: 'done' | 'already-so' | 'failed' | 'unknown';
  /** Id of the assignment that was made. */
  readonly assignment?: string;
  /** Why it failed: message and remote request id, never a body. */
  readonly why?: string;
  /** What was really sent, in order, where that is not the announced request alone. Absent in what older versions wrote. */
  readonly sent?: readonly SentWrite[];
}

/** Members who were in a SCIM group and are not in it again. */
export interface MembersOut {
  readonly group: Anchor;
  readonly members: readonly ResourceId[];
}

/** A request of one of the migration's own cycles, and what became of it. */
export interface CycleRequest {
  readonly what: string;
  readonly request: ExactRequest;
  /**
   * `proved`: its answer is not known, and a read has shown that it took effect. `in-doubt`: not even that is known.
   * `overcome`: it was refused, and what it was for is so all the same: done by the requests beside it, or so already.
   * `repeated`: its answer is not known, and the requests after it did what it was for.
   */
  readonly outcome: 'done' | 'proved' | 'overcome' | 'repeated' | 'failed' | 'unknown' | 'in-doubt';
  /** When it was settled, in ms since the epoch. */
  readonly at?: number;
  readonly why?: string;
}

/** One line of a migration's journal. Everything a migration is, is what its lines say. */
export type JournalEntry =
  | {
      readonly kind: 'started';
      readonly connection: string;
      readonly migration: MigrationKind;
      /** Absent: Headgate's own. */
      readonly engine?: 'entra';
      readonly groups: readonly Anchor[];
      readonly by: string;
      readonly options: MigrationOptions;
      /** Digest of the configuration it was begun under; absent in what older versions wrote. */
      readonly configuration?: string;
    }
  /** `start`: before anything; `coverage`: what the coverage gate is asked about; `end`: what is there as it ends. */
  | { readonly kind: 'surveyed'; readonly purpose: 'start' | 'coverage' | 'end'; readonly survey: Survey }
  | { readonly kind: 'begun'; readonly step: MigrationStep }
  | {
      readonly kind: 'done';
      readonly step: MigrationStep;
      readonly text?: string;
      /** Keys of the calls it would have made and leaves unmade: of these nothing was read back. */
      readonly stays?: readonly string[];
      /** Members of SCIM groups that a rollback could not put back, each group once. */
      readonly notBack?: readonly MembersOut[];
    }
  /** Something changed outside: the steps from this one on are to be gone through again. */
  | { readonly kind: 'reopened'; readonly step: MigrationStep; readonly why: string }
  | { readonly kind: 'calling'; readonly step: MigrationStep; readonly calls: readonly MigrationCall[] }
  | { readonly kind: 'called'; readonly step: MigrationStep; readonly outcomes: readonly CallOutcome[] }
  /** A read that shows, or does not yet show, what a step has done. */
  | {
      readonly kind: 'seen';
      readonly step: MigrationStep;
      readonly complete: boolean;
      readonly text: string;
      /** Where the secret in Entra's own job was asked about: what the provider makes of it. */
      readonly jobToken?: JobTokenState;
    }
  /** What one of the migration's own cycles has sent, told once it is closed. */
  | { readonly kind: 'sent'; readonly cycle: string; readonly requests: readonly CycleRequest[] }
  | { readonly kind: 'cycle'; readonly step: MigrationStep; readonly cycle: string }
  /** Entra's own job as a step found it: written when it is another than before. */
  | { readonly kind: 'native-job'; readonly step: MigrationStep; readonly job: NativeJob }
  /** By which groups people are let in, each way as `wayOf`, before a whole cycle of Entra's is waited for. */
  | { readonly kind: 'let-in'; readonly step: MigrationStep; readonly ways: readonly string[] }
  | {
      readonly kind: 'verified';
      readonly accounts: readonly ActiveAccount[];
      readonly groupsLeft: readonly ResourceId[];
      /** What waits because the migration's cycle sends nothing but group deletes. */
      readonly waiting: number;
      /** Where SCIM is to be switched off: whose accounts would stay although a cycle would take them away. */
      readonly leavers?: readonly Leaver[];
      readonly digest: string;
    }
  | {
      readonly kind: 'approved';
      readonly gate: MigrationGate;
      readonly digest: string;
      readonly by: string;
      readonly expiresAt: number;
    }
  /** A yes that turned out to be wrong, such as a revocation after which the token still worked. */
  | { readonly kind: 'withdrawn'; readonly gate: MigrationGate; readonly why: string }
  | { readonly kind: 'paused'; readonly by: string; readonly reason: string }
  | { readonly kind: 'resumed'; readonly by: string }
  | { readonly kind: 'abort'; readonly by: string; readonly reason: string }
  | { readonly kind: 'rollback'; readonly by: string }
  | {
      readonly kind: 'ended';
      readonly result: MigrationResult;
      readonly by: string;
      readonly text: string;
      readonly frozen: boolean;
      /** Whose loss ended it: they may be back by the time of the last look. */
      readonly lost?: readonly ActiveAccount[];
    };

/** A line as stored: numbered from 1, dated (ms since the epoch), chained to the one before. */
export interface JournalLine {
  readonly sequence: number;
  readonly at: number;
  readonly entry: JournalEntry;
  /** Hash of the line before; of the migration's id for the first. */
  readonly previous: string;
  readonly hash: string;
}

/** Whether a migration that ended with this line may be taken up again: one that was aborted, to be rolled back. */
export function mayBeRolledBack(entry: JournalEntry): boolean {
  return entry.kind === 'ended' && entry.result === 'aborted';
}

/** What the first line is chained to. */
export function journalRoot(migration: string): string {
  return digestOf({ migration });
}

/**
 * The hash of a line: it covers the line before, so that none can be changed, added or left out unnoticed. That the last
 * ones are missing only `JournalEnd` shows.
 */
export function lineHash(line: Omit<JournalLine, 'hash'>): string {
  const { sequence, at, entry, previous } = line;
  return digestOf({ sequence, at, entry, previous });
}

/** Makes the line that follows. */
export function nextLine(
  migration: string,
  last: Pick<JournalLine, 'sequence' | 'hash'> | undefined,
  entry: JournalEntry,
  at: number,
): JournalLine {
  const line = { sequence: (last?.sequence ?? 0) + 1, at, entry, previous: last?.hash ?? journalRoot(migration) };
  return { ...line, hash: lineHash(line) };
}

/** How a journal ends, kept apart from it. */
export interface JournalEnd {
  readonly lines: number;
  /** Of the last of them. */
  readonly hash: string;
}

/**
 * Number of the first line that does not fit the chain; undefined when all do. An empty journal is no chain at all. With
 * `end`, read before the lines were, a last line that is missing or another is told of, too. Of one that was found whole up
 * to `proved`, which was its end then, the lines since are looked into.
 */
export function brokenAt(
  migration: string,
  lines: readonly JournalLine[],
  end?: JournalEnd,
  proved: JournalEnd = { lines: 0, hash: '' },
): number | undefined {
  return misfitAt(migration, lines, end, (line) => {
    if (line.sequence > proved.lines) return line.hash === lineHash(line);
    return line.sequence < proved.lines || line.hash === proved.hash;
  });
}

/**
 * The same, taking each line's own hash as it is: cheap enough for whoever looks every few seconds. What was changed within a
 * line that can still be read only `brokenAt` tells.
 */
export function gapAt(migration: string, lines: readonly JournalLine[], end?: JournalEnd): number | undefined {
  return misfitAt(migration, lines, end, isReadable);
}

function isReadable({ entry }: { readonly entry: unknown }): boolean {
  return typeof entry === 'object' && entry !== null && 'kind' in entry;
}

/** The same lines. RefusedError 'journal-broken' when one of them cannot be read. */
export function requireReadable(lines: readonly JournalLine[]): readonly JournalLine[] {
  const broken = lines.find((line) => !isReadable(line));
  if (broken !== undefined) throw brokenJournal(` at line ${broken.sequence}`);
  return lines;
}

function misfitAt(
  migration: string,
  lines: readonly JournalLine[],
  end: JournalEnd | undefined,
  isItself: (line: JournalLine) => boolean,
): number | undefined {
  let previous = journalRoot(migration);
  for (const [index, line] of lines.entries()) {
    if (line.sequence !== index + 1 || line.previous !== previous || !isItself(line)) return index + 1;
    previous = line.hash;
  }
  if (lines.length === 0) return 1;
  if (end === undefined || lines[end.lines - 1]?.hash === end.hash) return undefined;
  return Math.max(1, Math.min(end.lines, lines.length + 1));
}

/**
 * What a journal adds up to. RefusedError 'journal-broken' where lines are missing or out of order, or one cannot be read; for
 * whoever gives another `check`, what that finds.
 */
export function readWhole<T>(
  migration: string,
  lines: readonly JournalLine[],
  end: JournalEnd | undefined,
  read: (lines: readonly JournalLine[]) => T,
  check: typeof gapAt = gapAt,
): T {
  const gap = check(migration, lines, end);
  if (gap !== undefined) throw brokenJournal(` at line ${gap}`);
  try {
    return read(lines);
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    throw brokenJournal(': a line of it cannot be read', error);
  }
}
