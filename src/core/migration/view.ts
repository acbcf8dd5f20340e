import { doingOf } from './doing.ts';
import { findingsFor } from './findings.ts';
import type { JournalLine } from './journal.ts';
import { leaverFindings, leaverNames, type Leaver } from './leavers.ts';
import {
  stepsOf,
  type MigrationEngine,
  type MigrationGate,
  type MigrationKind,
  type MigrationMode,
  type MigrationResult,
  type MigrationStep,
} from './migration.ts';
import { describeJob, type NativeJob } from './native-job.ts';
import { nextMigrationStep, type GateReason } from './next-step.ts';
import { refusalOf } from './permitted.ts';
import { stateOf, type MigrationState } from './state.ts';
import type { SurveyFinding } from './survey.ts';
import { wayBack } from './way-back.ts';
import { counted } from '../reasons.ts';

/** Where a migration stands, for people and scripts. */
export interface MigrationView {
  readonly id: string;
  readonly connection: string;
  readonly kind: MigrationKind;
  readonly mode: MigrationMode;
  readonly engine: MigrationEngine;
  /** Entra's own job as it was last seen by the step it is at. */
  readonly nativeJob?: NativeJob;
  readonly status: 'running' | 'waiting' | 'paused' | 'ended';
  readonly requestedBy: string;
  readonly startedAt: number;
  readonly groups: readonly { readonly anchor: string; readonly name: string }[];
  readonly steps: readonly { readonly step: MigrationStep; readonly state: 'done' | 'now' | 'open' }[];
  /** The gate it waits at, and what a yes there is a yes to. */
  readonly gate?: { readonly name: MigrationGate; readonly digest: string; readonly why: GateReason };
  readonly users: number;
  readonly accountsBefore: number;
  /** Users who would be left without any way in if the groups went now; absent until it was looked at. */
  readonly uncovered?: number;
  /** Outside calls made by the step it is at. */
  readonly callsMade: number;
  readonly findings: readonly SurveyFinding[];
  /** What the last line of the journal says. */
  readonly latest: { readonly at: number; readonly text: string };
  /** What it has done of the step it is at, or waits for there, where its last line does not say it. */
  readonly doing?: string;
  readonly paused?: { readonly by: string; readonly reason: string };
  readonly result?: MigrationResult;
  readonly resultText?: string;
  readonly frozen: boolean;
  /** Whether a rollback may be asked for now. */
  readonly mayRollBack: boolean;
  /** How to get back by hand what was taken away; absent unless it has succeeded. */
  readonly wayBack?: string;
}

function leaversText(leavers: readonly Leaver[] = []): string {
  return leavers.length === 0 ? '' : `; would stay although a cycle would take them away: ${leaverNames(leavers)}`;
}

/** One line of a journal in words. */
export function lineText({ entry }: JournalLine): string {
  switch (entry.kind) {
    case 'started':
      return `${entry.migration} of ${counted(entry.groups.length, 'group')}${entry.engine === undefined ? '' : " with Entra's engine"}, started by ${entry.by}`;
    case 'surveyed':
      return `survey (${entry.purpose}): ${counted(entry.survey.users.length, 'user')}, ${counted(entry.survey.accounts.length, 'active account')}, ${entry.survey.uncovered.length} not covered`;
    case 'begun':
      return `${entry.step}: begun`;
    case 'done':
      return `${entry.step}: ${entry.text ?? 'done'}`;
    case 'reopened':
      return `back to ${entry.step}: ${entry.why}`;
    case 'calling':
      return `${entry.step}: sending ${counted(entry.calls.length, 'request')}`;
    case 'called':
      return `${entry.step}: ${entry.outcomes.filter(({ state }) => state === 'done' || state === 'already-so').length} of ${counted(entry.outcomes.length, 'request')} done`;
    case 'seen':
      return `${entry.step}: ${entry.text}`;
    case 'cycle':
      return `${entry.step}: full cycle ${entry.cycle}`;
    case 'sent':
      return `full cycle ${entry.cycle} sent ${counted(entry.requests.length, 'request')}`;
    case 'native-job':
      return `${entry.step}: Entra's job: ${describeJob(entry.job)}`;
    case 'let-in':
      return `${entry.step}: groups let people in by ${counted(entry.ways.length, 'way')}`;
    case 'verified':
      return `${counted(entry.accounts.length, 'account')} active, ${counted(entry.groupsLeft.length, 'group')} left, ${counted(entry.waiting, 'change')} waiting${leaversText(entry.leavers)}`;
    case 'approved':
      return `gate ${entry.gate} approved by ${entry.by}`;
    case 'withdrawn':
      return `gate ${entry.gate} closed again: ${entry.why}`;
    case 'paused':
      return `paused by ${entry.by}: ${entry.reason}`;
    case 'resumed':
      return `resumed by ${entry.by}`;
    case 'abort':
      return `abort asked for by ${entry.by}: ${entry.reason}`;
    case 'rollback':
      return `rollback asked for by ${entry.by}`;
    case 'ended':
      return `${entry.result}: ${entry.text}`;
    default:
      return entry satisfies never;
  }
}

function statusOf(state: MigrationState, action: ReturnType<typeof nextMigrationStep>): MigrationView['status'] {
  if (state.ended !== undefined) return 'ended';
  if (action.do === 'wait') return 'waiting';
  return action.do === 'nothing' ? 'paused' : 'running';
}

/** Pure: a journal as it is shown. */
export function viewOf(id: string, lines: readonly JournalLine[], now: number): MigrationView {
  const state = stateOf(lines);
  const action = nextMigrationStep(state, now);
  const steps = stepsOf(state.kind, state.mode, state.engine);
  const current = steps.find((step) => !state.done.has(step));
  const survey = state.coverage ?? state.before;
  const names = new Map(survey?.groups.map(({ anchor, name }) => [anchor, name]));
  const last = lines.at(-1);
  const { ended, paused } = state;
  const back = wayBack(state);
  const doing = doingOf(state, now);
  const nativeJob = current === undefined ? undefined : state.nativeJobs[current]?.at(-1);
  return {
    id,
    connection: state.connection,
    kind: state.kind,
    mode: state.mode,
    engine: state.engine,
    status: statusOf(state, action),
    requestedBy: state.requestedBy,
    startedAt: state.startedAt,
    groups: state.groups.map((anchor) => ({ anchor, name: names.get(anchor) ?? anchor })),
    steps: steps.map((step) => ({ step, state: state.done.has(step) ? 'done' : step === current ? 'now' : 'open' })),
    users: survey?.users.length ?? 0,
    accountsBefore: state.before?.accounts.length ?? 0,
    callsMade: current === undefined ? 0 : (state.carriedOut[current]?.size ?? 0),
    findings: [
      ...leaverFindings(state.verified?.leavers ?? []),
      ...(survey === undefined ? [] : findingsFor(survey, 'going-on')),
    ],
    latest: { at: state.last.at, text: last === undefined ? '' : lineText(last) },
    frozen: ended?.frozen === true,
    mayRollBack: refusalOf(state, 'rollback') === undefined,
    ...(action.do === 'wait' ? { gate: { name: action.gate, digest: action.digest, why: action.why } } : {}),
    ...(nativeJob === undefined ? {} : { nativeJob }),
    ...(doing === undefined ? {} : { doing }),
    ...(survey === undefined ? {} : { uncovered: survey.uncovered.length }),
    ...(paused === undefined ? {} : { paused: { by: paused.by, reason: paused.reason } }),
    ...(ended === undefined ? {} : { result: ended.result, resultText: ended.text }),
    ...(back === undefined ? {} : { wayBack: back }),
  };
}
