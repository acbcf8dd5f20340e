import type { Anchor } from '../directory.ts';
import type { ResourceId } from '../scim.ts';
import { noBeginning, type JournalEntry, type JournalLine, type MigrationCall } from './journal.ts';
import {
  stepsOf,
  type MigrationEngine,
  type MigrationGate,
  type MigrationKind,
  type MigrationMode,
  type MigrationOptions,
  type MigrationResult,
  type MigrationStep,
} from './migration.ts';
import type { NativeJob } from './native-job.ts';
import type { ActiveAccount, Survey } from './survey.ts';

export interface Approval {
  readonly digest: string;
  readonly by: string;
  readonly expiresAt: number;
}

/** Reads in a row that showed a step's effect, and when the last one was. */
export interface Sighting {
  readonly times: number;
  readonly at: number;
  /** Reads in all since the step was begun or resumed, complete or not, whatever was sent in between. */
  readonly reads: number;
}

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
  /** Accounts that were, or may have been, taken out of each SCIM group. */
  readonly takenOut: ReadonlyMap<Anchor, ReadonlySet<ResourceId>>;
  readonly paused?: { readonly by: string; readonly reason: string; readonly at: number };
  /** Somebody asked to end it; it ends at the next moment at which nothing is under way. */
  readonly aborting?: { readonly by: string; readonly reason: string };
  readonly ended?: {
    readonly result: MigrationResult;
    readonly text: string;
    readonly at: number;
    readonly frozen: boolean;
    readonly lost: readonly ActiveAccount[];
  };
  /** Whether anything was, or may have been, taken away. Stays true whatever is gone through again. */
  readonly takenAway: boolean;
  /** No request is sent any more, not even one that would bring something back. */
  readonly switchedOff: boolean;
  readonly last: { readonly sequence: number; readonly at: number };
}

interface Draft {
  takenAway: boolean;
  switchedOff: boolean;
  mode: MigrationMode;
  begun: Set<MigrationStep>;
  done: Set<MigrationStep>;
  approvals: Partial<Record<MigrationGate, Approval>>;
  before?: Survey;
  coverage?: Survey;
  verified?: Extract<JournalEntry, { readonly kind: 'verified' }>;
  found?: Survey;
  sightings: Partial<Record<MigrationStep, Sighting>>;
  carriedOut: Partial<Record<MigrationStep, Set<string>>>;
  inDoubt: readonly MigrationCall[];
  cycles: Partial<Record<MigrationStep, string[]>>;
  nativeJobs: Partial<Record<MigrationStep, NativeJob[]>>;
  watchedSince: Partial<Record<MigrationStep, number>>;
  allCycles: string[];
  toldCycles: Set<string>;
  made: MigrationCall[];
  takenOut: Map<Anchor, Set<ResourceId>>;
  leftBehind: readonly string[];
  strays: ReadonlySet<Anchor>;
  paused?: NonNullable<MigrationState['paused']>;
  aborting?: NonNullable<MigrationState['aborting']>;
  ended?: NonNullable<MigrationState['ended']>;
}

function reopen(draft: Draft, kind: MigrationKind, engine: MigrationEngine, step: MigrationStep): void {
  const steps = stepsOf(kind, draft.mode, engine);
  for (const later of steps.slice(steps.indexOf(step))) {
    draft.done.delete(later);
    draft.begun.delete(later);
    delete draft.sightings[later];
    delete draft.carriedOut[later];
    delete draft.cycles[later];
    delete draft.nativeJobs[later];
    delete draft.watchedSince[later];
  }
  if (step !== 'survey' && step !== 'assign-directly') return;
  delete draft.approvals.coverage;
  delete draft.coverage;
}

function sighted(draft: Draft, { step, complete }: Extract<JournalEntry, { kind: 'seen' }>, at: number): void {
  const before = draft.sightings[step];
  draft.sightings[step] = {
    times: complete ? (before?.times ?? 0) + 1 : 0,
    at,
    reads: (before?.reads ?? 0) + 1,
  };
}

function called(draft: Draft, { step, outcomes }: Extract<JournalEntry, { kind: 'called' }>): void {
  const carried = (draft.carriedOut[step] ??= new Set());
  const calls = new Map(draft.inDoubt.map((call) => [call.key, call]));
  for (const { key, state } of outcomes) {
    const call = calls.get(key);
    if (state === 'done' || state === 'already-so') carried.add(key);
    if (call?.change !== undefined && (state === 'done' || state === 'unknown')) draft.made.push(call);
  }
  draft.inDoubt = [];
}

function rememberTakenOut({ takenOut }: Draft, { group, members = [] }: MigrationCall): void {
  if (group !== undefined) takenOut.set(group, new Set([...(takenOut.get(group) ?? []), ...members]));
}

function straysIn({ findings }: Survey): ReadonlySet<Anchor> {
  return new Set(findings.flatMap(({ code, anchors }) => (code === 'assigned-astray' ? anchors : [])));
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
      draft.sightings[entry.step] = { times: 0, at, reads: draft.sightings[entry.step]?.reads ?? 0 };
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
  const draft: Draft = {
    takenAway: false,
    switchedOff: false,
    mode: 'forward',
    begun: new Set(),
    done: new Set(),
    approvals: {},
    sightings: {},
    carriedOut: {},
    inDoubt: [],
    cycles: {},
    nativeJobs: {},
    watchedSince: {},
    allCycles: [],
    toldCycles: new Set(),
    made: [],
    takenOut: new Map(),
    leftBehind: [],
    strays: new Set(),
  };
  for (const line of lines) apply(draft, migration, engine, line);
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
