import type { OperationFailure } from './operation-failure.ts';

/** Why a connection is in quarantine. */
export const QUARANTINE_REASONS = [
  'credential-refused',
  'writes-refused',
  'provider-down',
  'too-many-failures',
  'repeated-cycle-failures',
] as const;
export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];

/** Something that concerns the whole connection, with the answer it was seen by. */
export interface Trouble {
  readonly reason: QuarantineReason;
  readonly cause: OperationFailure;
}

export interface Healthy {
  readonly state: 'healthy';
  /** When it last recovered, and after how many probes: trouble soon after goes on where it left off. */
  readonly recoveredAt?: number;
  readonly probes?: number;
}

export interface Quarantined extends Trouble {
  /** Half-open: a probe was answered, and the next few operations are on trial. */
  readonly state: 'quarantined' | 'half-open';
  readonly beganAt: number;
  /** Probes and trials that failed so far. */
  readonly probes: number;
  /** When the provider is asked next, ms since the epoch. */
  readonly nextProbeAt: number;
}

/**
 * How a connection is.
 *
 *   healthy ──trouble──▶ quarantined ──probe answered──▶ half-open ──proof──▶ healthy
 *                          ▲     └──probe refused─┐         │
 *                          └──────────────────────┴─trouble─┘   with growing delay
 */
export type Health = Healthy | Quarantined;

export const HEALTHY: Healthy = { state: 'healthy' };

/** How long to wait before the first probe, and at most, in ms. */
export interface ProbeDelays {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** From a minute up to an hour. */
export const DEFAULT_PROBES: ProbeDelays = { firstMs: 60_000, longestMs: 3_600_000 };

function delayMs(probes: number, { firstMs, longestMs }: ProbeDelays): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(probes, 20));
}

/** Whether nothing may be written. */
export function isQuarantined(health: Health | undefined): health is Quarantined & { readonly state: 'quarantined' } {
  return health?.state === 'quarantined';
}

/** After something went wrong for everybody. The first trouble is the cause and stays; during a trial the new one counts. */
export function afterTrouble(health: Health, trouble: Trouble, now: number, delays: ProbeDelays): Health {
  const { reason, cause } = trouble;
  if (health.state !== 'healthy') {
    if (health.state === 'quarantined') return health;
    const probes = health.probes + 1;
    return { ...health, reason, cause, state: 'quarantined', probes, nextProbeAt: now + delayMs(probes, delays) };
  }
  const series = health.probes ?? 0;
  const again = health.recoveredAt !== undefined && now - health.recoveredAt < delayMs(series + 1, delays);
  const probes = again ? series : 0;
  return { state: 'quarantined', reason, cause, beganAt: now, probes, nextProbeAt: now + delayMs(probes, delays) };
}

/** Whether it is time to ask the provider whether it is well again. */
export function probeDue(health: Health, now: number): boolean {
  return isQuarantined(health) && health.nextProbeAt <= now;
}

/** Somebody is about to probe: nobody else does until `until`. The same value when it is not time yet. */
export function claimProbe(health: Health, now: number, until: number): Health {
  return isQuarantined(health) && health.nextProbeAt <= now ? { ...health, nextProbeAt: until } : health;
}

/** After a probe: answered, refused for this reason, or told to come back later, which counts as neither. */
export function afterProbe(
  health: Health,
  outcome: 'answered' | Trouble | { readonly waitMs: number },
  now: number,
  delays: ProbeDelays,
): Health {
  if (!isQuarantined(health)) return health;
  if (outcome === 'answered') return { ...health, state: 'half-open' satisfies Health['state'] };
  if ('waitMs' in outcome) return { ...health, nextProbeAt: now + Math.max(outcome.waitMs, delays.firstMs) };
  const probes = health.probes + 1;
  return { ...health, ...outcome, probes, nextProbeAt: now + delayMs(probes, delays) };
}

/** Reasons that only a successful write disproves: reading works all the time. */
const NEEDS_WRITE: ReadonlySet<QuarantineReason> = new Set(['writes-refused', 'too-many-failures']);

/** After a write that succeeded, or a whole cycle that did without trouble. */
export function afterProof(health: Health, proof: 'write' | 'cycle', now: number): Health {
  if (health.state !== 'half-open' || (proof === 'cycle' && NEEDS_WRITE.has(health.reason))) return health;
  return { state: 'healthy', recoveredAt: now, probes: health.probes };
}

/** Whether an open cycle waits for the recovery rather than fail: its plan must not become old. */
const LONGEST_WAIT_MS = 30 * 60_000;

export function waitsUntil(health: Health | undefined): number | undefined {
  return isQuarantined(health) && health.reason === 'provider-down' ? health.beganAt + LONGEST_WAIT_MS : undefined;
}

/** Operations sent in one go while a connection is on trial. */
export const TRIAL_SIZE = 5;

/** How a cycle goes so far, in operations that were really sent. */
export interface SendingRecord {
  readonly failed: number;
  readonly succeeded: number;
  /** Every failure so far was a 403. */
  readonly onlyForbidden: boolean;
}

/** From so many failures on the share counts: a connection of five users must be able to trip. */
const FAILURE_FLOOR = 3;
const FORBIDDEN_FLOOR = 2;
const FAILURE_SHARE = 0.5;

/** Why what was sent so far says that the connection is in trouble, not some objects. During a trial any failure without a success does. */
export function tooManyFailures(
  { failed, succeeded, onlyForbidden }: SendingRecord,
  onTrial: boolean,
): Extract<QuarantineReason, 'writes-refused' | 'too-many-failures'> | undefined {
  const forbidden = onlyForbidden && succeeded === 0;
  const reason = forbidden ? 'writes-refused' : 'too-many-failures';
  if (failed === 0) return undefined;
  if (onTrial && succeeded === 0) return reason;
  const floor = forbidden ? FORBIDDEN_FLOOR : FAILURE_FLOOR;
  return failed >= floor && failed >= FAILURE_SHARE * (failed + succeeded) ? reason : undefined;
}
