import type { Anchor } from '../directory.ts';
import type { ResourceId } from '../scim.ts';
import {
  called,
  lookedAt,
  newDraft,
  rememberTakenOut,
  reopen,
  sighted,
  straysIn,
  type Aborting,
  type Approval,
  type Draft,
  type Ended,
  type Paused,
  type Sighting,
} from './draft.ts';
import { noBeginning } from './broken-journal.ts';
import type { JobTokenState, JournalEntry, JournalLine, MigrationCall } from './journal.ts';
import {
  stepsOf,
  type MigrationEngine,
  type MigrationGate,
  type MigrationKind,
  type MigrationMode,
  type MigrationOptions,
  type MigrationStep,
} from './migration.ts';
import type { LookedAt, NativeJob } from './native-job.ts';
import { stallAfter, type Stall } from './stall.ts';
import type { Survey } from './survey.ts';

/** Where a migration stands: what its journal adds up to. */
export interface MigrationState {
  readonly connection: string;
  readonly kind: MigrationKind;
  readonly engine: MigrationEngine;
  readonly groups: readonly Anchor[];
  readonly requestedBy: string;
  readonly options: MigrationOptions;
  readonly mode: MigrationMode;
  readonly startedAt: number;
  /** Digest of the configuration it was begun under. */
  readonly configuration?: string;
  readonly begun: ReadonlySet<MigrationStep>;
  readonly done: ReadonlySet<MigrationStep>;
  readonly approvals: Readonly<Partial<Record<MigrationGate, Approval>>>;
  /** What was there before anything was done. */
  readonly before?: Survey;
  /** What the coverage gate is asked about. */
  readonly coverage?: Survey;
  readonly verified?: Extract<JournalEntry, { readonly kind: 'verified' }>;
  /** What was there as it ended, where that was looked at. */
  readonly found?: Survey;
  readonly sightings: Readonly<Partial<Record<MigrationStep, Sighting>>>;
  /** Keys of calls known to have been carried out, by step, since the step was last opened. */
  readonly carriedOut: Readonly<Partial<Record<MigrationStep, ReadonlySet<string>>>>;
  /** Calls announced whose outcome was not recorded: they may or may not have been made. */
  readonly inDoubt: readonly MigrationCall[];
  /** Cycle of a step that starts one. */
  readonly cycles: Readonly<Partial<Record<MigrationStep, readonly string[]>>>;
  /** Entra's own job as each step has seen it since its last request, oldest first. */
  readonly nativeJobs: Readonly<Partial<Record<MigrationStep, readonly NativeJob[]>>>;
  /** What of it a person had before them who last said that the migration is to go on. */
  readonly looked: LookedAt;
  /** When each step saw it first since its last request, ms since the epoch. */
  readonly watchedSince: Readonly<Partial<Record<MigrationStep, number>>>;
  /** Every cycle it has started, also those that did not count. */
  readonly allCycles: readonly string[];
  /** Those whose requests the journal tells. */
  readonly toldCycles: ReadonlySet<string>;
  /** Every directory change that was or may have been made, oldest first. */
  readonly made: readonly MigrationCall[];
  /** Direct assignments that a rollback has left, as keys of the calls that would withdraw them. */
  readonly leftBehind: readonly string[];
  /** Users it has assigned who were seen to have left its groups, by the last survey that could tell. */
  readonly strays: ReadonlySet<Anchor>;
  /** Ways by which groups let people in, as read before a rollback waited for a whole cycle of Entra's. */
  readonly letIn?: ReadonlySet<string>;
  /** Accounts that were, or may have been, taken out of each SCIM group. */
  readonly takenOut: ReadonlyMap<Anchor, ReadonlySet<ResourceId>>;
  /** What the provider was last known to make of the secret in Entra's own job; trouble on the way to asking changes nothing. */
  readonly jobToken?: JobTokenState;
  /** What has kept it from getting on since it last did. */
  readonly stall: Stall;
  readonly paused?: Paused;
  /** Somebody asked to end it; it ends at the next moment at which nothing is under way. */
  readonly aborting?: Aborting;
  readonly ended?: Ended;
  /** Whether anything was, or may have been, taken away. Stays true whatever is gone through again. */
  readonly takenAway: boolean;
  /** No request is sent any more, not even one that would bring something back. */
  readonly switchedOff: boolean;
  readonly last: { readonly sequence: number; readonly at: number };
}

function apply(draft: Draft, kind: MigrationKind, engine: MigrationEngine, { entry, at }: JournalLine): void {
  switch (entry.kind) {
    case 'started':
      return;
    case 'withdrawn':
      delete draft.approvals[entry.gate];
      return;
    case 'surveyed':
      draft[entry.purpose === 'start' ? 'before' : entry.purpose === 'end' ? 'found' : 'coverage'] = entry.survey;
      if (entry.purpose === 'coverage') draft.strays = straysIn(entry.survey);
      return;
    case 'begun':
      draft.begun.add(entry.step);
      if (entry.step === 'empty-groups') draft.takenAway = true;
      if (entry.step === 'disable-connection') draft.switchedOff = true;
      return;
    case 'done':
      draft.done.add(entry.step);
      if (entry.step === 'report') draft.leftBehind = entry.stays ?? [];
      return;
    case 'reopened':
      return reopen(draft, kind, engine, entry.step);
    case 'calling':
      // Announced again before the outcome of the last was recorded: those may have been made, and a rollback must know.
      draft.made.push(...draft.inDoubt.filter(({ change }) => change !== undefined));
      draft.inDoubt = entry.calls;
      if (entry.step === 'empty-groups') for (const call of entry.calls) rememberTakenOut(draft, call);
      draft.sightings[entry.step] = { times: 0, at, text: '', reads: draft.sightings[entry.step]?.reads ?? 0 };
      delete draft.nativeJobs[entry.step];
      delete draft.watchedSince[entry.step];
      return;
    case 'called':
      return called(draft, entry);
    case 'seen':
      return sighted(draft, entry, at);
    case 'sent':
      draft.toldCycles.add(entry.cycle);
      return;
    case 'cycle':
      (draft.cycles[entry.step] ??= []).push(entry.cycle);
      draft.allCycles.push(entry.cycle);
      return;
    case 'native-job':
      // What was seen before the wait for its cycle says nothing about what that cycle does.
      if (draft.nativeJobs[entry.step] === undefined) delete draft.sightings[entry.step];
      (draft.nativeJobs[entry.step] ??= []).push(entry.job);
      draft.watchedSince[entry.step] ??= at;
      return;
    case 'let-in':
      draft.letIn = new Set(entry.ways);
      // A cycle that was waited for before this was read may have begun before it.
      delete draft.nativeJobs[entry.step];
      delete draft.watchedSince[entry.step];
      return;
    case 'verified':
      draft.verified = entry;
      return;
    case 'approved':
      draft.approvals[entry.gate] = { digest: entry.digest, by: entry.by, expiresAt: entry.expiresAt };
      return;
    case 'paused':
      draft.paused = { by: entry.by, reason: entry.reason, at };
      return;
    case 'resumed':
      delete draft.paused;
      draft.looked = lookedAt(draft, at);
      // A person has looked: what did not show up for too long may be waited for as long once more. What a step that is done
      // has seen stays: its end is told by it.
      for (const step of stepsOf(kind, draft.mode, engine)) if (!draft.done.has(step)) delete draft.sightings[step];
      return;
    case 'abort':
      draft.aborting = { by: entry.by, reason: entry.reason };
      return;
    case 'rollback':
      draft.mode = 'rollback';
      delete draft.verified;
      delete draft.found;
      delete draft.letIn;
      draft.made.push(...draft.inDoubt.filter(({ change }) => change !== undefined));
      draft.inDoubt = [];
      draft.begun = new Set();
      draft.done = new Set();
      draft.nativeJobs = {};
      draft.watchedSince = {};
      // A rollback that was aborted on its way begins anew: what it had done may have been undone since.
      draft.sightings = {};
      draft.carriedOut = {};
      draft.cycles = {};
      delete draft.paused;
      delete draft.aborting;
      delete draft.ended;
      return;
    case 'ended':
      draft.ended = { result: entry.result, text: entry.text, at, frozen: entry.frozen, lost: entry.lost ?? [] };
      return;
    default:
      return entry satisfies never;
  }
}

/** Adds a journal up. RefusedError when it does not begin as a journal does: nothing can be told or done by it then. */
export function stateOf(lines: readonly JournalLine[]): MigrationState {
  const [first] = lines;
  const last = lines.at(-1);
  if (first?.entry.kind !== 'started' || last === undefined) throw noBeginning();
  const { connection, migration, engine = 'headgate', groups, by, options, configuration } = first.entry;
  const draft = newDraft();
  for (const line of lines) {
    apply(draft, migration, engine, line);
    draft.stall = stallAfter(draft.stall, line);
  }
  return {
    ...draft,
    connection,
    kind: migration,
    engine,
    groups,
    requestedBy: by,
    options,
    startedAt: first.at,
    ...(configuration === undefined ? {} : { configuration }),
    last: { sequence: last.sequence, at: last.at },
  };
}
