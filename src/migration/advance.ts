import { randomUUID } from 'node:crypto';
import {
  HeadgateError,
  InDoubtError,
  IncompleteReadError,
  ThrottledError,
  TransientError,
  UnauthorizedError,
} from '../core/errors.ts';
import { thenResume } from '../core/migration/failed-words.ts';
import { brokenAt, type JournalEntry } from '../core/migration/journal.ts';
import { freezeReason, frozenBecause, thawedReason, type FreezingResult } from '../core/migration/migration.ts';
import { nextMigrationStep } from '../core/migration/next-step.ts';
import { isLasting, isThrottledOut, isToBeNoted, throttledText, troubleText } from '../core/migration/stall.ts';
import { pausedWords } from '../core/migration/standstill.ts';
import { stateOf, type MigrationState } from '../core/migration/state.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';
import { withHeartbeat } from '../provisioning/heartbeat.ts';
import { createJournalReader } from '../provisioning/read-journal.ts';
import { sentByCycles, STOPPED_BY_PAUSE, stopOwnCycle } from './own-cycles.ts';
import { SOON_MS, unlessLost } from './steps/look.ts';
import { freezeJob } from './steps/pause-job.ts';
import { lastLook } from './last-look.ts';
import { runStep } from './run-step.ts';
import { LeftError, openStep, WORDS, type StepContext, type StepOutcome } from './step-context.ts';
import { requireStillAllowed } from './still-allowed.ts';

/** After trouble that passes by itself, in ms. */
const TROUBLE_MS = 15_000;

/** How a migration ends; frozen where a person must look before any cycle of the connection. */
type Ending =
  | { readonly result: FreezingResult; readonly frozen: boolean }
  | { readonly result: 'succeeded'; readonly frozen: false };
const SUCCEEDED = { result: 'succeeded', frozen: false } as const;

/** An end because of a loss, or of an abort, stands whatever else was said. */
const WAY_BACK = ['rollback'] as const;

interface UnlessSaid {
  readonly after: number;
  readonly kinds: readonly (typeof WORDS)[number][];
}

interface Advance {
  readonly id: string;
  readonly connection: Connection;
  readonly ports: Ports;
  readonly log: Log;
  readonly worker: string;
}

/**
 * Moves a migration on as far as it goes now, step after step, under its lease. Returns in how many ms to look again;
 * undefined when a person must act first, when it has ended, or when somebody else is at it.
 */
export async function advanceMigration(
  id: string,
  connection: Connection,
  ports: Ports,
  log: Log,
  signal: AbortSignal,
): Promise<number | undefined> {
  // Each run leases under a name of its own: two nudges for one migration may run in this very process.
  const worker = `${ports.worker.id}/${randomUUID()}`;
  const { migrations } = ports.stores;
  const { leaseMs } = ports.worker;
  if (!(await migrations.lease(id, worker, leaseMs))) return undefined;
  try {
    return await withHeartbeat(
      leaseMs,
      () => migrations.lease(id, worker, leaseMs),
      signal,
      (inner) => advance({ id, connection, ports, log, worker }, inner),
    );
  } catch (error) {
    if (signal.aborted) return undefined;
    // Somebody has said something meanwhile: what that changes is decided anew.
    if (error instanceof LeftError) return SOON_MS;
    throw error;
  } finally {
    await migrations.release(id, worker);
  }
}

async function advance(given: Advance, signal: AbortSignal): Promise<number | undefined> {
  const { id, ports, log, worker } = given;
  const read = createJournalReader(ports.stores.migrations, brokenAt);
  for (;;) {
    const { lines, state } = await read(id, (all) => ({ lines: all, state: stateOf(all) }));
    if (await endFrozen(given, state, signal)) return undefined;
    // What that cycle would still take away is to come back.
    if (state.mode === 'rollback') await stopOwnCycle(given, 'the migration is rolled back', 'forward');
    const action = nextMigrationStep(state, ports.clock.now());
    switch (action.do) {
      case 'nothing':
        if (action.why === 'paused') await stopOwnCycle(given, STOPPED_BY_PAUSE);
        return undefined;
      case 'wait':
        log.info({ gate: action.gate, why: action.why }, 'the migration waits for a person');
        return undefined;
      case 'abort': {
        // What the cycle has planned would be sent after the end; what it has sent belongs into the journal.
        if (await stopOwnCycle(given, 'the migration was aborted')) return SOON_MS;
        const text = [action.reason, ...pausedWords(state)].join('; ');
        const how = { result: 'aborted', by: action.by, text, frozen: false } as const;
        await end(given, how, await lastLook(given, state, signal), { after: state.last.sequence, kinds: WAY_BACK });
        return undefined;
      }
      case 'step': {
        const context = openStep({ ...given, worker, signal, step: action.step }, lines);
        const outcome = await attempt(context);
        const afterMs = await settle(given, context, outcome, state.last.sequence);
        if (afterMs !== undefined) return afterMs < 0 ? undefined : afterMs;
        break;
      }
      default:
        return action satisfies never;
    }
  }
}

/** Runs a step and translates what it throws: trouble that passes is waited out, anything else needs a person. */
async function attempt(context: StepContext): Promise<StepOutcome> {
  try {
    await requireStillAllowed(context, context.state());
    return await runStep(context);
  } catch (error) {
    if (error instanceof LeftError || context.signal.aborted) return { is: 'left' };
    if (error instanceof ThrottledError) return putOff(context, error);
    const gone = await lostWhileUnreadable(context, error);
    if (gone !== undefined) return gone;
    const passes =
      error instanceof TransientError || error instanceof InDoubtError || error instanceof IncompleteReadError;
    if (passes && !isLasting(context.state().stall)) {
      await context.sight(false, troubleText(error.message));
      return { is: 'again', afterMs: TROUBLE_MS };
    }
    if (!(error instanceof HeadgateError)) {
      context.log.error({ err: error }, 'a step of the migration failed unexpectedly');
      return { is: 'stop', why: 'an unexpected error; the log has it. Report it, then resume' };
    }
    const { remedy } = error.facts;
    const why = remedy === undefined ? error.message : `${error.message}. ${remedy}`;
    if (!(error instanceof UnauthorizedError)) return { is: 'stop', why };
    // Cycles find out by themselves that the credential is taken again, a migration does not.
    return { is: 'stop', why: thenResume(why, context.connection.rules.name) };
  }
}

/**
 * A read that contradicts itself may do so because people are gone: a provider that lost most of them is taken for another
 * tenant. Once something was taken away that must not pass for trouble, so each is asked for by itself.
 */
async function lostWhileUnreadable(context: StepContext, error: unknown): Promise<StepOutcome | undefined> {
  const { takenAway, mode } = context.state();
  if (!(error instanceof IncompleteReadError) || !takenAway || mode === 'rollback') return undefined;
  try {
    const gone = await unlessLost(context);
    return gone?.is === 'abort' ? { ...gone, why: `${gone.why} (${error.message})` } : gone;
  } catch (failure) {
    // Where nobody can be asked nothing is known of anybody: the first trouble stands.
    if (failure instanceof HeadgateError || context.signal.aborted) return undefined;
    throw failure;
  }
}

/** Waits as long as the other side asks for, unless it has put everything off for hours. */
async function putOff(context: StepContext, { message, retryAfterMs }: ThrottledError): Promise<StepOutcome> {
  const { stall } = context.state();
  const now = context.ports.clock.now();
  if (isThrottledOut(stall, now)) {
    const why = `${message}, and nothing else for two hours or more. See what uses up the limit, or have it raised`;
    return { is: 'stop', why: thenResume(why, context.connection.rules.name) };
  }
  if (isToBeNoted(stall, now)) await context.sight(false, throttledText(message));
  return { is: 'again', afterMs: retryAfterMs };
}

/**
 * Records what a step came to, which began `after` a line of the journal; LeftError when somebody has said something since.
 * In how many ms to look again; -1 to leave; undefined to go on at once.
 */
async function settle(
  given: Advance,
  context: StepContext,
  outcome: StepOutcome,
  after: number,
): Promise<number | undefined> {
  const { log } = given;
  const { step } = context;
  const unlessSaid = { after, kinds: WORDS };
  switch (outcome.is) {
    case 'done': {
      const { first = [], text, stays, notBack, freezes = false } = outcome;
      const left = { ...(stays && { stays }), ...(notBack && { notBack }) };
      const said: readonly JournalEntry[] = [...first, { kind: 'done', step, text, ...left }];
      if (step === 'report') {
        // In one transaction: a crash in between would leave a migration that has nothing to do and never ends.
        const isBack = context.state().mode === 'rollback';
        const how = isBack ? ({ result: 'rolled-back', frozen: freezes } as const) : SUCCEEDED;
        await end(given, { ...how, by: 'headgate', text }, said, unlessSaid);
        return -1;
      }
      await conclude(given, said, unlessSaid);
      log.info({ step, text }, 'a step of the migration is done');
      return undefined;
    }
    case 'again':
      return outcome.afterMs;
    case 'reopen':
      await conclude(
        given,
        [...(outcome.first ?? []), { kind: 'reopened', step: outcome.step, why: outcome.why }],
        unlessSaid,
      );
      log.warn({ step, back: outcome.step, why: outcome.why }, 'the migration goes back');
      return undefined;
    case 'stop':
      await conclude(
        given,
        [...(outcome.first ?? []), { kind: 'paused', by: 'headgate', reason: outcome.why }],
        unlessSaid,
      );
      log.error({ step, why: outcome.why }, 'the migration is paused: a person must look');
      return -1;
    case 'abort': {
      const text = `${outcome.why}${await freezeJob(context)}`;
      const found = await lastLook(given, context.state(), context.signal);
      const { lost } = outcome;
      const how = { result: 'aborted', by: 'headgate', text, frozen: true, ...(lost && { lost }) } as const;
      await end(given, how, found, { after, kinds: WAY_BACK }).catch(async (error: unknown) => {
        // It goes back instead, and might bring them back: that they were lost is told all the same.
        if (error instanceof LeftError) await context.sight(false, text);
        throw error;
      });
      return -1;
    }
    case 'left':
      return -1;
    default:
      return outcome satisfies never;
  }
}

/** Writes what was decided, unless somebody has said something since that changes it: LeftError then, nothing was written. */
async function conclude(
  { id, ports, worker }: Advance,
  entries: readonly JournalEntry[],
  unlessSaid: UnlessSaid,
): Promise<void> {
  const added = await ports.stores.migrations.append(id, entries, { worker, unlessSaid });
  if (added === undefined)
    throw new LeftError('somebody has said something meanwhile, or has the migration, or it is over');
}

/**
 * Does what a process left that died between freezing the connection and saying so in the journal, or between a rollback asked
 * for and lifting the freeze. True when the migration has ended by that.
 */
async function endFrozen(given: Advance, state: MigrationState, signal: AbortSignal): Promise<boolean> {
  const { id, connection, ports } = given;
  const { name } = connection.rules;
  const text = frozenBecause(id, (await ports.stores.connections.get(name)).pausedReason);
  if (text === undefined) return false;
  if (state.mode === 'rollback') {
    await ports.stores.connections.changePause(name, (reason) => thawedReason(id, reason));
    return false;
  }
  const found = await lastLook(given, state, signal);
  const how = { result: 'aborted', by: 'headgate', text, frozen: true } as const;
  await end(given, how, found, { after: state.last.sequence, kinds: WAY_BACK });
  return true;
}

/** Ends a migration. Frozen first: a crash between the two must not leave a connection that goes on as if nothing was. */
async function end(
  given: Advance,
  how: Ending & Omit<Extract<JournalEntry, { readonly kind: 'ended' }>, 'kind' | 'result' | 'frozen'>,
  first: readonly JournalEntry[],
  unlessSaid: UnlessSaid,
): Promise<void> {
  const { id, connection, ports, log } = given;
  const { result, text } = how;
  const { name } = connection.rules;
  const sent = await sentByCycles(given, stateOf(await ports.stores.migrations.lines(id)));
  if (how.frozen)
    await ports.stores.connections.changePause(name, (reason) => freezeReason(id, how.result, text, reason));
  // Where a rollback was asked for meanwhile its first look lifts the freeze again.
  await conclude(given, [...sent, ...first, { kind: 'ended', ...how }], unlessSaid);
  if (how.frozen) log.error({ result, text }, 'the migration has ended and the connection is frozen');
  else log.info({ result, text }, 'the migration has ended');
}
