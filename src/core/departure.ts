import type { DeprovisionRule, RemovalAction, RemovalCause } from './connection.ts';
import type { Whereabouts } from './directory.ts';

/** Since when a cause has been known to hold, in ms since the epoch: the clock of its grace delay. */
export interface NoticedCause {
  readonly cause: RemovalCause;
  readonly since: number;
}

/** The next thing that will be done to an account or SCIM group nobody is entitled to any more. */
export interface RemovalStep {
  readonly action: RemovalAction;
  readonly cause: RemovalCause;
  /** Not before then, in ms since the epoch. */
  readonly dueAt: number;
}

/** What a link remembers of how its user, or group, left. Gone as soon as they are entitled again. */
export interface Departure {
  readonly causes: readonly NoticedCause[];
  /** Absent when nothing is left to do. Kept until it was seen to be done, so that a removal that failed is not forgotten. */
  readonly next?: RemovalStep & { readonly reason: string };
}

/** A removal that is not due yet: nothing is done, and it is off once the user is entitled again. */
export interface WaitingRemoval extends RemovalStep {
  readonly resource: 'account' | 'group';
  readonly anchor: string;
  readonly label: string;
  readonly reason: string;
  /** Noticed for the first time by this plan. */
  readonly begins: boolean;
}

/** What is known of a leaver beside the cause that is seen now. */
export interface SeenNow {
  readonly where?: Whereabouts;
  /** Set when the user was seen to pass the scoping filters: of whoever is unassigned no more is read than where they are. */
  readonly passes?: boolean;
}

/**
 * Whether an earlier cause still holds beside the one that is seen now: whoever is deleted is neither assigned nor able to
 * sign in, whoever is blocked may have been unassigned as well, and whoever was left out by a filter stays so until seen to pass.
 */
function stillHolds(earlier: RemovalCause, now: RemovalCause, { where, passes = false }: SeenNow): boolean {
  if (earlier === now) return true;
  switch (now) {
    case 'hardDeleted':
      return true;
    case 'softDeleted':
      return earlier !== 'hardDeleted';
    case 'unassigned':
      return (earlier === 'disabled' && where === 'disabled') || (earlier === 'filtered' && !passes);
    case 'disabled':
      return earlier === 'filtered' && !passes;
    case 'filtered':
      return false;
    default:
      return now satisfies never;
  }
}

/**
 * The causes that hold, each since it was first noticed: a cause that lasts never starts its delay anew, and one that
 * ended in between does. No clock runs while the policy is to keep.
 */
export function noticeCause(
  cause: RemovalCause,
  before: readonly NoticedCause[],
  policy: (cause: RemovalCause) => DeprovisionRule,
  now: number,
  seen: SeenNow = {},
): readonly NoticedCause[] {
  const holding = before.filter((known) => stillHolds(known.cause, cause, seen));
  const all = holding.some((known) => known.cause === cause) ? holding : [...holding, { cause, since: now }];
  return all.filter((known) => policy(known.cause).action !== 'keep');
}

/**
 * The next step among those the causes ask for: of the due ones the gravest, so that a hard delete follows whatever came
 * before; else the one that is due first. Undefined when nothing is left to do. Each cause counts from when it was noticed,
 * so a later one brings a removal forward or adds to it, and never puts off what was announced.
 */
export function nextStep(
  causes: readonly NoticedCause[],
  policy: (cause: RemovalCause) => DeprovisionRule,
  isDone: (action: RemovalAction) => boolean,
  now: number,
): RemovalStep | undefined {
  let next: RemovalStep | undefined;
  for (const { cause, since } of causes) {
    const { action, afterMs } = policy(cause);
    if (action === 'keep' || isDone(action)) continue;
    const step = { action, cause, dueAt: since + afterMs };
    if (next === undefined || goesBefore(step, next, now)) next = step;
  }
  return next;
}

function goesBefore(step: RemovalStep, other: RemovalStep, now: number): boolean {
  const isDue = step.dueAt <= now;
  if (isDue !== other.dueAt <= now) return isDue;
  if (isDue && step.action !== other.action) return step.action === 'delete';
  return isDue || step.dueAt < other.dueAt;
}

/** Whether two departures say the same. The reason is the first one given: it does not change while the step is the same. */
export function sameDeparture(one: Departure | undefined, other: Departure | undefined): boolean {
  return JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}
