import type { Anchor } from '../directory.ts';
import type { ResourceId } from '../scim.ts';
import type { JobTokenState, JournalEntry, MigrationCall } from './journal.ts';
import {
  stepsOf,
  type MigrationEngine,
  type MigrationGate,
  type MigrationKind,
  type MigrationMode,
  type MigrationResult,
  type MigrationStep,
} from './migration.ts';
import { NOT_LOOKED, type LookedAt, type NativeJob } from './native-job.ts';
import { isCarriedOut, isThrottled, NO_STALL, type Stall } from './stall.ts';
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
  /** What the last one showed. */
  readonly text: string;
  /** Reads in all since the step was begun or resumed, complete or not, whatever was sent in between; not those put off. */
  readonly reads: number;
}

export interface Paused {
  readonly by: string;
  readonly reason: string;
  readonly at: number;
}

export type Aborting = Omit<Paused, 'at'>;

export interface Ended {
  readonly result: MigrationResult;
  readonly text: string;
  readonly at: number;
  readonly frozen: boolean;
  readonly lost: readonly ActiveAccount[];
}

/** A migration's state while its journal is added up. */
export interface Draft {
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
  looked: LookedAt;
  allCycles: string[];
  toldCycles: Set<string>;
  made: MigrationCall[];
  takenOut: Map<Anchor, Set<ResourceId>>;
  leftBehind: readonly string[];
  strays: ReadonlySet<Anchor>;
  letIn?: ReadonlySet<string>;
  jobToken?: JobTokenState;
  stall: Stall;
  paused?: Paused;
  aborting?: Aborting;
  ended?: Ended;
}

/** Steps from this one on are to be gone through again. */
export function reopen(draft: Draft, kind: MigrationKind, engine: MigrationEngine, step: MigrationStep): void {
  const steps = stepsOf(kind, draft.mode, engine);
  for (const later of steps.slice(steps.indexOf(step))) {
    draft.done.delete(later);
    draft.begun.delete(later);
    delete draft.sightings[later];
    delete draft.carriedOut[later];
    delete draft.cycles[later];
    delete draft.nativeJobs[later];
    delete draft.watchedSince[later];
    if (later === 'restore-cycle') delete draft.letIn;
  }
  if (step !== 'survey' && step !== 'assign-directly') return;
  delete draft.approvals.coverage;
  delete draft.coverage;
}

/** A read of what a step has done. */
export function sighted(
  draft: Draft,
  { step, complete, text, jobToken }: Extract<JournalEntry, { kind: 'seen' }>,
  at: number,
): void {
  if (jobToken !== undefined) draft.jobToken = jobToken;
  const before = draft.sightings[step];
  draft.sightings[step] = {
    times: complete ? (before?.times ?? 0) + 1 : 0,
    at,
    text,
    reads: (before?.reads ?? 0) + (isThrottled(text) ? 0 : 1),
  };
}

/** What became of the calls that were announced. */
export function called(draft: Draft, { step, outcomes }: Extract<JournalEntry, { kind: 'called' }>): void {
  const carried = (draft.carriedOut[step] ??= new Set());
  const calls = new Map(draft.inDoubt.map((call) => [call.key, call]));
  for (const outcome of outcomes) {
    const { key, state } = outcome;
    const call = calls.get(key);
    if (isCarriedOut(outcome)) carried.add(key);
    if (call?.change !== undefined && (state === 'done' || state === 'unknown')) draft.made.push(call);
  }
  draft.inDoubt = [];
}

/** What was known of Entra's cycles when a person said that it is to go on. */
export function lookedAt({ nativeJobs }: Pick<Draft, 'nativeJobs'>, at: number): LookedAt {
  const jobs = Object.values(nativeJobs).flat();
  return { at, executions: new Set(jobs.flatMap(({ last }) => last?.id ?? [])) };
}

/** Who is, or may be, out of a SCIM group from now on. */
export function rememberTakenOut({ takenOut }: Draft, { group, members = [] }: MigrationCall): void {
  if (group !== undefined) takenOut.set(group, new Set([...(takenOut.get(group) ?? []), ...members]));
}

/** Whom a survey names as astray. */
export function straysIn({ findings }: Survey): ReadonlySet<Anchor> {
  return new Set(findings.flatMap(({ code, anchors }) => (code === 'assigned-astray' ? anchors : [])));
}

/** Before the first line. */
export function newDraft(): Draft {
  return {
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
    looked: NOT_LOOKED,
    allCycles: [],
    toldCycles: new Set(),
    made: [],
    takenOut: new Map(),
    leftBehind: [],
    strays: new Set(),
    stall: NO_STALL,
  };
}
