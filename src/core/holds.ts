import type { Operation } from './operation.ts';
import { digestOf, type Plan } from './plan.ts';
import { GUARDS, isDecidable, type Finding, type GuardName, type Verdict } from './verdict.ts';

/**
 * What is held, piece by piece: each piece names whom it concerns, what is done to it and why, with how many members a
 * deleted group still has. Stable from cycle to cycle while the same things are held.
 */
export type HeldPieces = Readonly<Record<string, number>>;

/** What one guard of one connection holds, whether or not it was approved. */
export interface HeldSet {
  readonly guard: GuardName;
  readonly findings: readonly Finding[];
  /** Keys of the plan's operations. */
  readonly operations: readonly string[];
  readonly pieces: HeldPieces;
  /** SHA-256 over the pieces in canonical form. */
  readonly digest: string;
}

/** A hold goes through these: it waits for a person, who approves or rejects, until it ends in one of the last two. */
export const HOLD_STATES = ['waiting', 'approved', 'rejected', 'lifted', 'carried-out'] as const;
export type HoldState = (typeof HOLD_STATES)[number];

/** What a person decided about a hold, and what exactly they decided about. */
export interface Decision {
  readonly kind: 'approved' | 'rejected';
  readonly by: string;
  readonly reason: string;
  /** Ms since the epoch. */
  readonly at: number;
  /** From then on an approval lets nothing through, ms since the epoch. */
  readonly until?: number;
  readonly digest: string;
  readonly pieces: HeldPieces;
}

/** The decision somebody made about what a guard holds, as an open hold has it. */
export interface DecidedHold {
  readonly id: string;
  readonly guard: GuardName;
  readonly decision: Decision;
}

/** The pieces of one operation. Members are named one by one, so that fewer of them are a part of what was approved. */
export function piecesOf(operation: Operation): readonly (readonly [string, number])[] {
  const { resource, kind, anchor, reason } = operation;
  const effect = 'effect' in operation ? operation.effect : '-';
  if (operation.kind === 'members') {
    const taken = operation.remove.map((member) => `${resource} remove-member ${anchor} ${member.anchor}`);
    const given = operation.add.map((member) => `${resource} add-member ${anchor} ${member}`);
    return [...taken, ...given].map((piece) => [piece, 1]);
  }
  const weight = operation.resource === 'group' && operation.kind === 'delete' ? (operation.members ?? 0) : 0;
  return [[`${resource} ${kind} ${effect} ${anchor} ${reason.code}`, weight]];
}

/** What each guard holds, in the order of the guards. */
export function heldSets(plan: Pick<Plan, 'operations'>, verdict: Verdict): readonly HeldSet[] {
  const byGuard = new Map<GuardName, Finding[]>();
  for (const finding of verdict.findings) {
    if (finding.effect !== 'hold' || finding.operations.length === 0) continue;
    byGuard.set(finding.guard, [...(byGuard.get(finding.guard) ?? []), finding]);
  }
  if (byGuard.size === 0) return [];
  const operations = new Map(plan.operations.map((operation) => [operation.key, operation]));
  return GUARDS.flatMap((guard) => {
    const findings = byGuard.get(guard);
    if (findings === undefined) return [];
    const keys = [...new Set(findings.flatMap((finding) => finding.operations))].sort();
    const pieces = Object.fromEntries(
      keys.flatMap((key) => {
        const operation = operations.get(key);
        return operation === undefined ? [] : piecesOf(operation);
      }),
    );
    return [{ guard, findings, operations: keys, pieces, digest: digestOf(pieces) }];
  });
}

/** Whether a decision about some pieces speaks of others too: of these or fewer it does, of more or other ones never. */
export function covers(decided: HeldPieces, held: HeldPieces): boolean {
  return Object.entries(held).every(
    ([piece, weight]) => Object.hasOwn(decided, piece) && weight <= (decided[piece] ?? 0),
  );
}

/** Whether an approval lets all that a guard holds through. */
function letsThrough({ decision }: DecidedHold, held: HeldSet, now: number): boolean {
  const valid = decision.kind === 'approved' && decision.until !== undefined && now < decision.until;
  return valid && isDecidable(held.guard) && covers(decision.pieces, held.pieces);
}

/** Whether somebody said no to all that a guard holds. */
function forbids({ decision }: DecidedHold, held: HeldSet): boolean {
  return decision.kind === 'rejected' && covers(decision.pieces, held.pieces);
}

/** What a decision about all that a guard holds makes of a finding of its. */
function decidedAs(held: HeldSet, decided: readonly DecidedHold[], now: number): Partial<Finding> | undefined {
  const hold = decided.find((one) => one.guard === held.guard && letsThrough(one, held, now));
  if (hold?.decision.until !== undefined)
    return { approved: { hold: hold.id, by: hold.decision.by, until: hold.decision.until } };
  // What no approval lets through stays as the guard says.
  if (!isDecidable(held.guard)) return undefined;
  const no = decided.find((one) => one.guard === held.guard && forbids(one, held));
  if (no === undefined) return undefined;
  const { id, decision } = no;
  return {
    remedy: `${decision.by} rejected it, so it stays as it is: see who, what and why, and decide anew: headgate holds show ${id}. Whoever is assigned again is no longer part of it.`,
  };
}

/**
 * The verdict with each finding marked that a person approved, for all that its guard holds or not at all, and without the
 * advice to approve what somebody said no to.
 */
export function withDecisions(
  plan: Pick<Plan, 'operations'>,
  verdict: Verdict,
  decided: readonly DecidedHold[],
  now: number,
): Verdict {
  const changes = new Map<GuardName, Partial<Finding>>();
  for (const held of decided.length === 0 ? [] : heldSets(plan, verdict)) {
    const change = decidedAs(held, decided, now);
    if (change !== undefined) changes.set(held.guard, change);
  }
  if (changes.size === 0) return verdict;
  const findings = verdict.findings.map((finding) =>
    finding.effect === 'hold' ? { ...finding, ...changes.get(finding.guard) } : finding,
  );
  return { ...verdict, findings };
}

/** A hold that has not ended, as far as the next plan changes it. */
export interface OpenHold {
  readonly id: string;
  readonly guard: GuardName;
  readonly digest: string;
  readonly state: Extract<HoldState, 'waiting' | 'approved' | 'rejected'>;
  readonly decision?: Decision;
  /** Whether anything was sent by its approval. */
  readonly sent: boolean;
}

/** What a new plan does to the holds of its connection. */
export type HoldChange =
  | { readonly do: 'open'; readonly held: HeldSet }
  /** `event` is absent when nothing changed but the cycle that holds it. */
  | {
      readonly do: 'keep';
      readonly id: string;
      readonly held: HeldSet;
      readonly state: OpenHold['state'];
      readonly event?: HoldEvent;
      /** The decision counts for nothing any more. */
      readonly forget?: boolean;
    }
  | { readonly do: 'end'; readonly id: string; readonly state: 'lifted' | 'carried-out' };

/** What happened to a hold, for its history. */
export type HoldEvent =
  'opened' | 'changed' | 'approved' | 'rejected' | 'expired' | 'outgrown' | 'lifted' | 'carried-out';

/** Decides what becomes of a connection's open holds when a new plan is stored. A hold whose cause is gone lifts by itself. */
export function nextHolds(open: readonly OpenHold[], held: readonly HeldSet[], now: number): readonly HoldChange[] {
  const known = new Map(open.map((hold) => [hold.guard, hold]));
  const standing = held.map((set): HoldChange => {
    const hold = known.get(set.guard);
    return hold === undefined ? { do: 'open', held: set } : keptHold(hold, set, now);
  });
  const still = new Set(held.map(({ guard }) => guard));
  const ended = open
    .filter(({ guard }) => !still.has(guard))
    .map((hold): HoldChange => ({ do: 'end', id: hold.id, state: hold.sent ? 'carried-out' : 'lifted' }));
  return [...standing, ...ended];
}

/**
 * A decision stands for what it was made about or less of it; anything more or other waits for a person again. A rejection
 * is remembered meanwhile, and stands again once no more is held than it was about.
 */
function keptHold({ id, state, digest, decision }: OpenHold, held: HeldSet, now: number): HoldChange {
  const kept = { do: 'keep', id, held } as const;
  if (state === 'waiting' && decision?.kind === 'rejected' && covers(decision.pieces, held.pieces))
    return { ...kept, state: 'rejected', event: 'changed' };
  if (state !== 'waiting' && decision !== undefined) {
    const again = { ...kept, state: 'waiting', ...(decision.kind === 'approved' ? { forget: true } : {}) } as const;
    if (!covers(decision.pieces, held.pieces)) return { ...again, event: 'outgrown' };
    if (decision.until !== undefined && now >= decision.until) return { ...again, event: 'expired' };
  }
  return digest === held.digest ? { ...kept, state } : { ...kept, state, event: 'changed' };
}
