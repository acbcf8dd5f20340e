import { describe, expect, test } from 'vitest';
import {
  deliveryWait,
  factsOfCredentialEvent,
  kindOfCredentialEvent,
  NOTHING_TOLD,
  NOTIFICATION_KINDS,
  whatToTell,
  type Told,
  type Watched,
} from '../../src/core/notification.ts';
import { afterEvent } from '../../src/core/credential.ts';
import { FIRST_TOKEN } from '../../src/core/credential-take-up.ts';
import { sentenceOf, subjectOf } from '../../src/core/notification-text.ts';
import { aCredential } from '../builders.ts';

const MINUTE = 60_000;
const AT = 1_000 * MINUTE;
/** Cycles that failed so many minutes ago. */
const failedAgo = (...minutes: readonly number[]) => minutes.map((ago) => AT - ago * MINUTE);

const NOTHING_HELD = { guards: {}, operations: 0 };

function now(overrides: Partial<Watched> = {}): Watched {
  return { connection: 'acme', held: NOTHING_HELD, expiring: {}, at: AT, ...overrides };
}

const AT_GATE = {
  id: 'm1',
  is: 'gate',
  key: 'coverage d1',
  facts: { migration: 'remove-groups', gate: 'coverage' },
} as const;
const ENDED = {
  id: 'm1',
  is: 'ended',
  key: 'ended',
  facts: { migration: 'remove-groups', result: 'succeeded' },
} as const;

interface Row {
  readonly rule: string;
  readonly before?: Partial<Told>;
  readonly is: Partial<Watched>;
  readonly tell: readonly string[];
}

const rows: readonly Row[] = [
  { rule: 'a quiet connection is not spoken of', is: {}, tell: [] },
  {
    rule: 'a pause is told when it begins',
    is: { stopped: { by: 'pause' } },
    tell: ['connection.paused {}'],
  },
  {
    rule: 'and not again while it lasts',
    before: { stopped: 'pause' },
    is: { stopped: { by: 'pause' } },
    tell: [],
  },
  {
    rule: 'a quarantine is told with its cause',
    is: { stopped: { by: 'quarantine', reason: 'credential-refused', status: 401 } },
    tell: ['connection.quarantined {"reason":"credential-refused, status 401"}'],
  },
  {
    rule: 'a quarantine that goes on for another reason is told again: the token is refused once the provider is up',
    before: { stopped: 'quarantine', reason: 'provider-down' },
    is: { stopped: { by: 'quarantine', reason: 'credential-refused', status: 401 } },
    tell: ['connection.quarantined {"reason":"credential-refused, status 401"}'],
  },
  {
    rule: 'a quarantine for the same reason is not, whatever the provider answers by now',
    before: { stopped: 'quarantine', reason: 'provider-down' },
    is: { stopped: { by: 'quarantine', reason: 'provider-down', status: 502 } },
    tell: [],
  },
  {
    rule: 'nor is one whose reason an earlier version did not keep',
    before: { stopped: 'quarantine' },
    is: { stopped: { by: 'quarantine', reason: 'provider-down' } },
    tell: [],
  },
  { rule: 'its end is told', before: { stopped: 'pause' }, is: {}, tell: ['connection.recovered {}'] },
  {
    rule: 'cycles that fail are told once three have in a row',
    is: { failures: failedAgo(0, 5, 10) },
    tell: ['cycle.failing {"failures":3}'],
  },
  { rule: 'and not before, where the next one comes soon', is: { failures: failedAgo(0, 5) }, tell: [] },
  {
    rule: 'but one that no other follows for an hour is: the next may be a week away',
    is: { failures: failedAgo(60) },
    tell: ['cycle.failing {"failures":1}'],
  },
  {
    rule: 'not again while they go on failing',
    before: { failing: true },
    is: { failures: failedAgo(0, 5) },
    tell: [],
  },
  { rule: 'nor while nobody knows how the last one ended', before: { failing: true }, is: {}, tell: [] },
  {
    rule: 'that one gets through is told',
    before: { failing: true },
    is: { failures: [] },
    tell: ['cycle.recovered {}'],
  },
  { rule: 'where people were told of failures', is: { failures: [] }, tell: [] },
  {
    rule: 'what made the connection stop is told as that stop alone',
    before: { stopped: 'quarantine' },
    is: { stopped: { by: 'quarantine', reason: '503' }, failures: failedAgo(0, 5, 90) },
    tell: [],
  },
  {
    rule: 'and does not count once the connection goes on',
    before: { stopped: 'quarantine' },
    is: { failures: failedAgo(30, 60, 90) },
    tell: ['connection.recovered {}'],
  },
  {
    rule: 'nor later: what fails after it does',
    before: { wentOnAt: AT - 20 * MINUTE },
    is: { failures: failedAgo(0, 5, 10, 30, 90) },
    tell: ['cycle.failing {"failures":3}'],
  },
  {
    rule: 'cycles that fail since before a stop are not told to get through because it ends',
    before: { stopped: 'pause', failing: true },
    is: { failures: failedAgo(90) },
    tell: ['connection.recovered {}'],
  },
  {
    rule: 'a hold is told with its guards and how much they hold',
    is: { held: { guards: { 'token-owner': 1, 'too-many-removals': 8 }, operations: 9 } },
    tell: ['hold.waiting {"guards":"token-owner, too-many-removals","operations":9}'],
  },
  {
    rule: 'not again because more is held by the same guard',
    before: { guards: ['too-many-removals'], sizes: { 'too-many-removals': 7 } },
    is: { held: { guards: { 'too-many-removals': 12 }, operations: 12 } },
    tell: [],
  },
  {
    rule: 'again when that is twice as much, as of a second person who owns a token',
    before: { guards: ['token-owner', 'too-many-removals'], sizes: { 'token-owner': 1, 'too-many-removals': 7 } },
    is: { held: { guards: { 'token-owner': 2, 'too-many-removals': 8 }, operations: 10 } },
    tell: ['hold.waiting {"guards":"token-owner, too-many-removals","operations":10}'],
  },
  {
    rule: 'not again where an earlier version has told it without how much it was',
    before: { guards: ['token-owner'] },
    is: { held: { guards: { 'token-owner': 2 }, operations: 2 } },
    tell: [],
  },
  {
    rule: 'again when another guard holds as well',
    before: { guards: ['token-owner'] },
    is: { held: { guards: { 'token-owner': 4, 'too-many-removals': 8 }, operations: 12 } },
    tell: ['hold.waiting {"guards":"token-owner, too-many-removals","operations":12}'],
  },
  {
    rule: 'the end of all holds is told',
    before: { guards: ['token-owner'] },
    is: {},
    tell: ['hold.lifted {"guards":"token-owner"}'],
  },
  {
    rule: 'an expiry is told on its day',
    is: { expiring: { f1: 14 } },
    tell: ['token.expiring {"fingerprint":"f1","days":14}'],
  },
  { rule: 'once for each day', before: { expiring: { f1: 14 } }, is: { expiring: { f1: 14 } }, tell: [] },
  {
    rule: 'again on a nearer one',
    before: { expiring: { f1: 14 } },
    is: { expiring: { f1: 7 } },
    tell: ['token.expiring {"fingerprint":"f1","days":7}'],
  },
  {
    rule: 'a gate a migration waits at is told',
    is: { migration: AT_GATE },
    tell: ['migration.gate {"migration":"remove-groups","gate":"coverage"}'],
  },
  {
    rule: 'and not again while it waits',
    before: { migration: { id: 'm1', key: 'coverage d1' } },
    is: { migration: AT_GATE },
    tell: [],
  },
  {
    rule: 'again when it is about something else',
    before: { migration: { id: 'm1', key: 'coverage d0' } },
    is: { migration: AT_GATE },
    tell: ['migration.gate {"migration":"remove-groups","gate":"coverage"}'],
  },
  {
    rule: 'the end of a migration that was spoken of is told',
    before: { migration: { id: 'm1', key: 'coverage d1' } },
    is: { migration: ENDED },
    tell: ['migration.ended {"migration":"remove-groups","result":"succeeded"}'],
  },
  { rule: 'once', before: { migration: { id: 'm1', key: 'ended' } }, is: { migration: ENDED }, tell: [] },
  {
    rule: 'also of one that never stood still before it ended',
    before: { migration: { id: 'm0', key: 'ended' } },
    is: { migration: ENDED },
    tell: ['migration.ended {"migration":"remove-groups","result":"succeeded"}'],
  },
  {
    rule: 'a migration that goes on is not forgotten',
    before: { migration: { id: 'm1', key: 'coverage d1' } },
    is: {},
    tell: [],
  },
  { rule: 'a token that was replaced is not spoken of', before: { expiring: { f1: 14 } }, is: {}, tell: [] },
];

describe('what people are told', () => {
  test.each(rows)('$rule', ({ before, is, tell }) => {
    const said = whatToTell({ ...NOTHING_TOLD, ...before }, now(is)).tell;
    expect(said.map(({ kind, facts }) => `${kind} ${JSON.stringify(facts)}`)).toEqual(tell);
  });

  test('what was told is not told a second time', () => {
    const is = now({
      stopped: { by: 'quarantine', reason: '401' },
      held: { guards: { b: 1, a: 1 }, operations: 2 },
      expiring: { f1: 1 },
    });
    const first = whatToTell(NOTHING_TOLD, is);
    expect(first.tell).toHaveLength(3);
    expect(whatToTell(first.told, is)).toEqual({ tell: [], told: first.told });
  });

  test('a migration that goes on between two gates is remembered, so that its end is told', () => {
    const first = whatToTell(NOTHING_TOLD, now({ migration: AT_GATE }));
    const between = whatToTell(first.told, now());
    expect(between.told).toEqual(first.told);
    expect(whatToTell(between.told, now({ migration: ENDED })).tell).toHaveLength(1);
  });

  test.each(NOTIFICATION_KINDS)('%s is a sentence of facts', (kind) => {
    const about = { migration: 'remove-groups', gate: 'coverage', step: 'empty-groups', result: 'succeeded' };
    const facts = {
      fingerprint: 'f1',
      days: 7,
      guards: 'token-owner',
      operations: 3,
      reason: 'refused',
      failures: 3,
      ...about,
    };
    const sentence = sentenceOf({ kind, connection: 'acme', facts });
    expect(sentence).not.toMatch(/\?|undefined/);
    expect(sentence.length).toBeGreaterThan(20);
  });

  test.each([
    [{ confirmed: 'refused' }, 'The token f1 of acme is retired: the service provider refuses it.'],
    [
      { confirmed: 'by-person' },
      'The token f1 of acme is retired: a person says that it was deleted at the service provider; nobody could see whether that refuses it.',
    ],
    [{}, 'The token f1 of acme is retired.'],
  ])('a retired token is told with how its end is known: %j', (how, sentence) => {
    expect(sentenceOf({ kind: 'token.retired', connection: 'acme', facts: { fingerprint: 'f1', ...how } })).toBe(
      sentence,
    );
  });

  test('a token that came in is told as new, and not again when a person gives it to Entra', () => {
    const given = afterEvent(aCredential({ state: 'active' }), { kind: 'installed-in-entra' }, 0);
    expect(given).toMatchObject({ provenBy: 'entra' });
    expect(['added', 'installed', 'installed-in-entra'].map(kindOfCredentialEvent)).toEqual([
      'token.generated',
      'token.generated',
      undefined,
    ]);
  });

  test('a token in the configuration is an alarm where one was known before, and none where a connection begins with it', () => {
    const told = (detail?: string) => {
      const facts = factsOfCredentialEvent('installed', {
        fingerprint: 'f1',
        ...(detail === undefined ? {} : { detail }),
      });
      return sentenceOf({ kind: 'token.generated', connection: 'acme', facts });
    };
    expect(told(FIRST_TOKEN)).toBe(
      'Headgate works with the token f1 of acme, which it found in the configuration; it knew none of acme before.',
    );
    expect(told()).toMatch(/^A new token f1 of acme was handed to Headgate\. If nobody here did that, revoke it/);
  });

  test('a digest says how many there are', () => {
    const one = { id: 'a', at: 0, kind: 'token.promoted', connection: 'acme', facts: {} } as const;
    expect(subjectOf([one])).toBe('Headgate: token.promoted (acme)');
    expect(subjectOf([one, one])).toBe('Headgate: 2 notifications, token.promoted (acme) first');
  });

  test('attempts are further and further apart', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7].map(deliveryWait);
    expect(waits[0]).toBe(5000);
    expect(waits.every((wait, index) => index === 0 || wait >= (waits[index - 1] ?? 0))).toBe(true);
    expect(waits.at(-1)).toBe(36_000_000);
  });
});
