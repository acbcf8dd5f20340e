import type { SentWrite } from '../operation.ts';
import type { CallOutcome, CycleRequest, JournalEntry, JournalLine, MigrationCall } from './journal.ts';
import type { MigrationStep } from './migration.ts';
import type { Survey } from './survey.ts';

/**
 * What became of a request. `in-doubt`: no outcome was recorded, the process may have died before or after it was sent.
 * `proved`: the same, or its answer was lost, and the step later read back that everything it is for is so. `repeated`: the
 * same, and the request was made again, which tells more. `unknown`: it was sent and its answer was lost. `not-sent`: it
 * was announced, and something before it failed.
 */
export type RequestOutcome = CallOutcome['state'] | CycleRequest['outcome'] | 'not-sent';

/** A call a migration has announced, and what became of it; `at` in ms since the epoch. */
export interface ReportedCall {
  readonly at: number;
  readonly call: MigrationCall;
  readonly outcome: RequestOutcome;
  readonly why?: string;
  /** What was really sent for it, where that is not the announced request alone. */
  readonly sent?: readonly SentWrite[];
}

interface Told {
  readonly at: number;
  readonly step: MigrationStep;
  readonly call: MigrationCall;
  outcome: RequestOutcome;
  why?: string;
  sent?: readonly SentWrite[];
}

function isOpen({ outcome }: Told): boolean {
  return outcome === 'in-doubt' || outcome === 'unknown';
}

function announce(told: Told[], at: number, { step, calls }: Extract<JournalEntry, { kind: 'calling' }>): void {
  const keys = new Set(calls.map(({ key }) => key));
  for (const one of told) if (one.step === step && keys.has(one.call.key) && isOpen(one)) one.outcome = 'repeated';
  told.push(...calls.map((call): Told => ({ at, step, call, outcome: 'in-doubt' })));
}

function settle(told: readonly Told[], { step, outcomes }: Extract<JournalEntry, { kind: 'called' }>): void {
  const found = new Map(outcomes.map((outcome) => [outcome.key, outcome]));
  for (const one of told) {
    const outcome = one.step === step && one.outcome === 'in-doubt' ? found.get(one.call.key) : undefined;
    if (outcome === undefined) continue;
    one.outcome = outcomeOf(outcome);
    if (outcome.why !== undefined) one.why = outcome.why;
    if (outcome.sent !== undefined && outcome.sent.length > 0) one.sent = outcome.sent;
  }
}

/** Where nothing was sent it was so already, or something before failed. */
function outcomeOf({ state, sent }: CallOutcome): RequestOutcome {
  if (sent === undefined || sent.length > 0) return state;
  return state === 'done' ? 'already-so' : 'not-sent';
}

/** Whether the survey a step ended with shows the assignment; of somebody who is in no group any more it shows nothing. */
function showsAssignment({ change }: MigrationCall, survey: Survey | undefined): boolean {
  if (change?.kind !== 'assign') return true;
  const user = survey?.users.find(({ anchor }) => anchor === change.principal);
  return user !== undefined && !user.missing.includes(change.roleId);
}

/** A step is done when it has read back that all of what it is for is so, but for what it leaves as it is. */
function prove(
  told: readonly Told[],
  { step, stays = [] }: Extract<JournalEntry, { kind: 'done' }>,
  covered: Survey | undefined,
): void {
  const left = new Set(stays);
  for (const one of told) {
    if (one.step !== step || !isOpen(one) || left.has(one.call.key)) continue;
    if (step !== 'assign-directly' || showsAssignment(one.call, covered)) one.outcome = 'proved';
  }
}

/** Every call of a journal, oldest first. */
export function callsOf(lines: readonly JournalLine[]): readonly ReportedCall[] {
  const told: Told[] = [];
  let covered: Survey | undefined;
  for (const { at, entry } of lines) {
    if (entry.kind === 'calling') announce(told, at, entry);
    if (entry.kind === 'called') settle(told, entry);
    if (entry.kind === 'surveyed' && entry.purpose === 'coverage') covered = entry.survey;
    if (entry.kind === 'done') prove(told, entry, covered);
  }
  return told.map(({ at, call, outcome, why, sent }) => ({
    at,
    call,
    outcome,
    ...(why === undefined ? {} : { why }),
    ...(sent === undefined ? {} : { sent }),
  }));
}
