import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  afterProbe,
  afterProof,
  afterTrouble,
  claimProbe,
  HEALTHY,
  isQuarantined,
  probeDue,
  QUARANTINE_REASONS,
  tooManyFailures,
  waitsUntil,
  type Health,
  type QuarantineReason,
  type Trouble,
} from '../../src/core/quarantine.ts';

const DELAYS = { firstMs: 60_000, longestMs: 3_600_000 };
const NOW = 1_000_000;

function trouble(reason: QuarantineReason = 'provider-down', message = 'no answer'): Trouble {
  return { reason, cause: { code: 'Timeout', message } };
}

function quarantined(reason: QuarantineReason = 'provider-down'): Health {
  return afterTrouble(HEALTHY, trouble(reason), NOW, DELAYS);
}

function halfOpen(reason: QuarantineReason = 'provider-down'): Health {
  return afterProbe(quarantined(reason), 'answered', NOW, DELAYS);
}

function waitOf(health: Health, from = NOW): number | undefined {
  return isQuarantined(health) ? health.nextProbeAt - from : undefined;
}

describe('a connection', () => {
  test.each<[rule: string, health: Health, state: Health['state'], wait?: number]>([
    ['in trouble is in quarantine and asked again after a minute', quarantined(), 'quarantined', 60_000],
    [
      'in quarantine keeps its first cause',
      afterTrouble(quarantined(), trouble('credential-refused'), NOW + 5, DELAYS),
      'quarantined',
      60_000,
    ],
    ['whose probe was answered is on trial', halfOpen(), 'half-open'],
    [
      'whose probe failed waits twice as long',
      afterProbe(quarantined(), trouble(), NOW, DELAYS),
      'quarantined',
      120_000,
    ],
    [
      'in trouble on trial goes back and waits longer',
      afterTrouble(halfOpen(), trouble(), NOW, DELAYS),
      'quarantined',
      120_000,
    ],
    [
      'told to come back later is asked then',
      afterProbe(quarantined(), { waitMs: 500_000 }, NOW, DELAYS),
      'quarantined',
      500_000,
    ],
    [
      'told to come back at once is not asked sooner than the first time',
      afterProbe(quarantined(), { waitMs: 0 }, NOW, DELAYS),
      'quarantined',
      60_000,
    ],
    ['on trial is healthy after a write', afterProof(halfOpen(), 'write', NOW), 'healthy'],
    [
      'on trial after an outage is healthy after a cycle without trouble',
      afterProof(halfOpen(), 'cycle', NOW),
      'healthy',
    ],
    [
      'whose writes were refused is not proved by reading',
      afterProof(halfOpen('writes-refused'), 'cycle', NOW),
      'half-open',
    ],
    ['whose writes were refused is by a write', afterProof(halfOpen('writes-refused'), 'write', NOW), 'healthy'],
    ['in quarantine is not proved by a straggler', afterProof(quarantined(), 'write', NOW), 'quarantined', 60_000],
    ['that is healthy stays so', afterProof(HEALTHY, 'cycle', NOW), 'healthy'],
    ['that is healthy ignores a late probe', afterProbe(HEALTHY, trouble(), NOW, DELAYS), 'healthy'],
  ])('%s', (_rule, health, state, wait) => {
    expect([health.state, waitOf(health)]).toEqual([state, wait]);
  });

  test('that falls back soon after its recovery goes on where it left off; later it begins anew', () => {
    const twice = afterProbe(afterProbe(quarantined(), trouble(), NOW, DELAYS), trouble(), NOW, DELAYS);
    const recovered = afterProof(afterProbe(twice, 'answered', NOW, DELAYS), 'write', NOW);
    expect(waitOf(afterTrouble(recovered, trouble(), NOW + 1000, DELAYS), NOW + 1000)).toBe(240_000);
    const later = NOW + 24 * 3_600_000;
    expect(waitOf(afterTrouble(recovered, trouble(), later, DELAYS), later)).toBe(60_000);
  });

  test('shows the trouble of the newest probe, since the beginning of the first', () => {
    const later = afterProbe(quarantined(), trouble('credential-refused', '401'), NOW + 60_000, DELAYS);
    expect(later).toMatchObject({ reason: 'credential-refused', cause: { message: '401' }, beganAt: NOW });
  });

  test('is probed by one at a time, and only when it is time', () => {
    const health = quarantined();
    expect(probeDue(health, NOW + 59_999)).toBe(false);
    expect(claimProbe(health, NOW + 59_999, NOW + 90_000)).toBe(health);
    const claimed = claimProbe(health, NOW + 60_000, NOW + 90_000);
    expect(claimProbe(claimed, NOW + 60_001, NOW + 99_000)).toBe(claimed);
    expect(claimProbe(halfOpen(), NOW + 60_000, NOW + 90_000)).toEqual(halfOpen());
  });

  test('lets an open cycle wait for a provider that is down, for half an hour, and for nothing else', () => {
    const waits = QUARANTINE_REASONS.map((reason) => waitsUntil(quarantined(reason)));
    expect(waits.filter((until) => until !== undefined)).toEqual([NOW + 30 * 60_000]);
    expect(waitsUntil(halfOpen())).toBeUndefined();
  });

  test('waits from a minute up to an hour, never less after one more failed probe, whatever happens', () => {
    const steps = fc.array(fc.constantFrom('trouble', 'answered', 'failed', 'write', 'cycle'), { maxLength: 60 });
    const outcome = fc.check(
      fc.property(steps, (taken) => {
        let health: Health = HEALTHY;
        let now = NOW;
        for (const step of taken) {
          now += 1000;
          const before: Health = health;
          if (step === 'trouble') health = afterTrouble(health, trouble(), now, DELAYS);
          else if (step === 'answered') health = afterProbe(health, 'answered', now, DELAYS);
          else if (step === 'failed') health = afterProbe(health, trouble(), now, DELAYS);
          else health = afterProof(health, step === 'write' ? 'write' : 'cycle', now);
          const wait = isQuarantined(health) && health !== before ? health.nextProbeAt - now : DELAYS.firstMs;
          if (wait < DELAYS.firstMs || wait > DELAYS.longestMs) return false;
          if (before.state === 'quarantined' && health.state === 'healthy') return false;
        }
        return true;
      }),
    );
    expect(outcome.counterexample).toBeNull();
  });
});

describe('failures of a cycle', () => {
  test.each<[rule: string, failed: number, succeeded: number, forbidden: boolean, onTrial: boolean, reason?: string]>([
    ['three of five users are too many', 3, 2, false, false, 'too-many-failures'],
    ['two of five are two objects', 2, 3, false, false],
    ['three of a hundred are three objects', 3, 97, false, false],
    ['half of a hundred are too many', 50, 50, false, false, 'too-many-failures'],
    [
      'two removals, both forbidden, and no write that worked: the credential may not write',
      2,
      0,
      true,
      false,
      'writes-refused',
    ],
    ['one forbidden removal is about its account', 1, 0, true, false],
    ['forbidden removals while other writes work are about their accounts', 2, 30, true, false],
    ['on trial one failure is enough', 1, 0, false, true, 'too-many-failures'],
    ['on trial one forbidden removal is enough', 1, 0, true, true, 'writes-refused'],
    ['on trial one success is worth more than one failure', 1, 1, false, true],
    ['nothing failed', 0, 0, true, true],
  ])('%s', (_rule, failed, succeeded, onlyForbidden, onTrial, reason) => {
    expect(tooManyFailures({ failed, succeeded, onlyForbidden }, onTrial)).toBe(reason);
  });
});
