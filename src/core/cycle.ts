import type { Anchor } from './directory.ts';
import { WAVES, type OperationState, type Wave } from './operation.ts';

/**
 * Initial reads everything; incremental reads what changed since the watermark; on-demand looks at one subject and moves no
 * watermark; audit reads everything, reports what differs from what Headgate knows, and sends nothing. "Full" is the
 * operator's word for initial.
 */
export const SCHEDULED_KINDS = ['initial', 'incremental', 'audit'] as const;
export const CYCLE_KINDS = [...SCHEDULED_KINDS, 'on-demand'] as const;
/** Kinds that are about the whole connection, and so can be started by a clock. */
export type ScheduledKind = (typeof SCHEDULED_KINDS)[number];
export type CycleKind = (typeof CYCLE_KINDS)[number];

/** Whether cycles of a kind look at the part of the directory that concerns them, and not at everybody. */
export function looksAtFew(kind: CycleKind): boolean {
  return kind === 'incremental' || kind === 'on-demand';
}

/** Whom an on-demand cycle is about: one user, or one group with its members. */
export interface CycleSubject {
  readonly resource: 'user' | 'group';
  readonly anchor: Anchor;
  /** userPrincipalName or group name when it was asked for. Personal data: store and CLI only. */
  readonly name: string;
}

export const CYCLE_PHASES = ['gathering', 'planning', 'exporting', 'verifying', 'closed'] as const;
export type CyclePhase = (typeof CYCLE_PHASES)[number];

/** How a closed cycle ended. The first three follow Graph's synchronizationTaskExecutionResult. */
export type CycleResult = 'succeeded' | 'held' | 'entry-level-errors' | 'failed' | 'refused' | 'cancelled';

/** As far as it says whether cycles get through. */
interface EndedCycle {
  readonly kind: CycleKind;
  readonly result?: CycleResult;
  /** Set where Headgate itself stopped it. */
  readonly cancelReason?: string;
  readonly migration?: object;
}

/**
 * The newest closed cycles in a row that failed outright, were refused or were stopped by Headgate itself. One that a person
 * or a migration stopped, an audit and one on demand say nothing; undefined where none of these cycles says anything. Cycles
 * are newest first.
 */
export function failedInARow<C extends EndedCycle>(cycles: readonly C[]): readonly C[] | undefined {
  const decided = cycles.filter(saysSomething);
  if (decided.length === 0) return undefined;
  const firstGood = decided.findIndex(
    ({ result }) => result !== 'failed' && result !== 'refused' && result !== 'cancelled',
  );
  return firstGood === -1 ? decided : decided.slice(0, firstGood);
}

function saysSomething({ kind, result, cancelReason, migration }: EndedCycle): boolean {
  if (kind === 'audit' || kind === 'on-demand') return false;
  return result === 'cancelled' ? cancelReason !== undefined && migration === undefined : result !== undefined;
}

/** Operations of a cycle by wave and state, as the store counts them. */
export type OperationCounts = Readonly<Partial<Record<Wave, Readonly<Partial<Record<OperationState, number>>>>>>;

export interface CycleFacts {
  readonly phase: CyclePhase;
  readonly cancelRequested: boolean;
  /** The connection was paused, or went into a quarantine that is not sat out, while the cycle was open. */
  readonly abandonReason?: string;
  readonly abandonRemedy?: string;
  /** The provider is down: nothing is cut before `until`, ms since the epoch, when to look again. */
  readonly suspended?: { readonly until: number };
  readonly counts: OperationCounts;
  /** Slices handed to the queue and not yet recorded. */
  readonly openSlices: number;
  /** The connection is half-open: a few operations at a time. */
  readonly onTrial?: boolean;
  /** At most this many slices are out at a time. */
  readonly window: number;
  /** The provider asked to be left alone until then, ms since epoch. */
  readonly notBefore?: number;
}

export type CycleAction =
  | { readonly do: 'gather' }
  | { readonly do: 'export'; readonly wave: Wave; readonly slices: number }
  | { readonly do: 'wait'; readonly until?: number }
  | { readonly do: 'verify' }
  | { readonly do: 'close'; readonly result: CycleResult }
  | { readonly do: 'nothing' };

function count(counts: OperationCounts, wave: Wave, ...states: readonly OperationState[]): number {
  const inWave = counts[wave];
  return inWave === undefined ? 0 : states.reduce((sum, state) => sum + (inWave[state] ?? 0), 0);
}

/** The first wave that still has operations to send or to settle. A wave ends only when nothing in it can move. */
export function openWave(counts: OperationCounts): Wave | undefined {
  return WAVES.find((wave) => count(counts, wave, 'pending', 'in-flight', 'in-doubt') > 0);
}

/** Operations of a cycle in one state, over all waves. */
export function inState(counts: OperationCounts, state: OperationState): number {
  return total(counts, state);
}

function total(counts: OperationCounts, ...states: readonly OperationState[]): number {
  return WAVES.reduce<number>((sum, wave) => sum + count(counts, wave, ...states), 0);
}

/**
 * How a cycle whose operations are all settled ended. Operations that are held are no error: they wait for a person. But a
 * cycle that did nothing because all of it is held has not succeeded in anything.
 */
export function settledResult(counts: OperationCounts): CycleResult {
  // Cancelled in a cycle that goes to its end: the provider did not take it for now, and the next cycle does it.
  if (total(counts, 'escrowed', 'cancelled') > 0) return 'entry-level-errors';
  return total(counts, 'held') > 0 && total(counts, 'exported') === 0 ? 'held' : 'succeeded';
}

/**
 * The one next thing to do for a cycle, decided from what the store says. Called after every change and by the sweeper,
 * so it must give the same answer to a late or doubled nudge.
 */
export function nextCycleAction(facts: CycleFacts, now: number): CycleAction {
  switch (facts.phase) {
    case 'gathering':
    case 'planning':
      return facts.cancelRequested ? { do: 'close', result: 'cancelled' } : { do: 'gather' };
    case 'exporting':
      return nextExport(facts, now);
    case 'verifying':
      return { do: 'close', result: settledResult(facts.counts) };
    case 'closed':
      return { do: 'nothing' };
    default:
      return facts.phase satisfies never;
  }
}

function nextExport(facts: CycleFacts, now: number): CycleAction {
  if (facts.cancelRequested || facts.abandonReason !== undefined) {
    if (facts.openSlices > 0) return { do: 'wait' };
    return { do: 'close', result: facts.cancelRequested ? 'cancelled' : 'failed' };
  }
  const wave = openWave(facts.counts);
  if (wave === undefined) return facts.openSlices > 0 ? { do: 'wait' } : { do: 'verify' };
  if (facts.suspended !== undefined) return { do: 'wait', until: facts.suspended.until };
  const free = facts.window - facts.openSlices;
  const waiting = count(facts.counts, wave, 'pending', 'in-doubt');
  if (waiting === 0 || free <= 0) return { do: 'wait' };
  if (facts.notBefore !== undefined && facts.notBefore > now) return { do: 'wait', until: facts.notBefore };
  return { do: 'export', wave, slices: free };
}
