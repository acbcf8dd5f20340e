import { describe, expect, test } from 'vitest';
import {
  afterEvent,
  expiryWarning,
  isLive,
  isRefusal,
  type Credential,
  type CredentialEvent,
} from '../../src/core/credential.ts';
import { aCredential } from '../builders.ts';

const NOW = 1_800_000_000_000;
const DAY = 86_400_000;

function after(credential: Credential, ...events: readonly CredentialEvent[]): Credential | string {
  let current = credential;
  for (const event of events) {
    const next = afterEvent(current, event, NOW);
    if (isRefusal(next)) return next.refused;
    current = next;
  }
  return current;
}

const probed = { kind: 'probed' } as const;
const promoted = { kind: 'promoted', by: 'person' } as const;
const superseded = { kind: 'superseded' } as const;
const retired = (successor?: Pick<Credential, 'state' | 'provenBy'>): CredentialEvent => ({
  kind: 'retired',
  confirmed: 'refused',
  ...(successor === undefined ? {} : { successor }),
});
const candidate = aCredential({ state: 'candidate' });

const rows: readonly { rule: string; given: Credential; events: readonly CredentialEvent[]; end: string }[] = [
  {
    rule: 'a candidate that passed its probe may be promoted',
    given: candidate,
    events: [probed, promoted],
    end: 'active',
  },
  {
    rule: 'T5: a candidate that was not probed may not',
    given: candidate,
    events: [promoted],
    end: 'has not passed a probe',
  },
  {
    rule: 'T5: a probe that failed takes back the one before',
    given: candidate,
    events: [probed, { kind: 'probe-failed', refused: true }, promoted],
    end: 'has not passed a probe',
  },
  { rule: 'what is replaced is retiring, not gone', given: aCredential(), events: [superseded], end: 'retiring' },
  {
    rule: 'T5: the old one is not retired before its successor has carried a full cycle',
    given: aCredential({ state: 'retiring' }),
    events: [retired({ state: 'active' })],
    end: 'no full cycle of acme has succeeded with the new credential yet',
  },
  {
    rule: 'T5: it is retired once a full cycle has succeeded',
    given: aCredential({ state: 'retiring' }),
    events: [retired({ state: 'active', provenBy: 'c1' })],
    end: 'retired',
  },
  {
    rule: 'T5: nothing is retired without a successor in use',
    given: aCredential({ state: 'retiring' }),
    events: [retired({ state: 'candidate', provenBy: 'c1' })],
    end: 'acme has no active credential',
  },
  {
    rule: 'the one in use is not retired',
    given: aCredential(),
    events: [retired()],
    end: 'nothing would be left to work with',
  },
  { rule: 'a candidate nobody used may be put away', given: candidate, events: [retired()], end: 'retired' },
  {
    rule: 'a retiring one may come back when its successor fails',
    given: aCredential({ state: 'retiring' }),
    events: [probed, promoted],
    end: 'active',
  },
  {
    rule: 'a refusal takes the probe back: it must pass one before it is used again',
    given: aCredential({ probedAt: 1 }),
    events: [{ kind: 'refused' }, superseded, promoted],
    end: 'has not passed a probe',
  },
  {
    rule: 'a refused credential in use is not given up by itself',
    given: aCredential(),
    events: [{ kind: 'refused' }],
    end: 'active',
  },
  {
    rule: 'a revoked one is dead',
    given: aCredential(),
    events: [{ kind: 'revoked', confirmed: 'refused' }],
    end: 'dead',
  },
  { rule: 'dead is for ever', given: aCredential({ state: 'dead' }), events: [probed], end: 'is dead and stays so' },
  {
    rule: 'retired is for ever',
    given: aCredential({ state: 'retired' }),
    events: [probed],
    end: 'is retired and stays so',
  },
];

describe('T1: a credential', () => {
  test.each(rows)('$rule', ({ given, events, end }) => {
    const result = after(given, ...events);
    expect(typeof result === 'string' ? result : result.state).toContain(end);
  });

  test('is live while it is in use or may still be accepted', () => {
    const live = (['candidate', 'active', 'retiring', 'retired', 'dead'] as const).filter((state) => isLive({ state }));
    expect(live).toEqual(['active', 'retiring']);
  });

  test('loses what its predecessor proved when it is put to use', () => {
    const again = after(aCredential({ state: 'retiring', probedAt: 1, provenBy: 'c1' }), promoted);
    expect(again).toMatchObject({ state: 'active', activeSince: NOW });
    expect(again).not.toHaveProperty('provenBy');
  });
});

describe('warnings before a credential expires', () => {
  const DAYS = [30, 14, 7, 1];
  test.each([
    { rule: 'none while there is time', left: 31, day: undefined },
    { rule: 'the first when its day is reached', left: 30, day: 30 },
    { rule: 'the nearest of those that are reached', left: 6.5, day: 7 },
    { rule: 'on the last day', left: 0.5, day: 1 },
    { rule: 'zero once it is over', left: -1, day: 0 },
  ])('$rule', ({ left, day }) => {
    expect(expiryWarning(aCredential({ expiresAt: NOW + left * DAY }), DAYS, NOW)).toBe(day);
  });

  test('none for a credential without an end, or one that is on its way out', () => {
    expect(expiryWarning(aCredential(), DAYS, NOW)).toBeUndefined();
    expect(expiryWarning(aCredential({ state: 'retiring', expiresAt: NOW }), DAYS, NOW)).toBeUndefined();
  });
});
