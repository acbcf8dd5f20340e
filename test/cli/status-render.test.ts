import { describe, expect, test } from 'vitest';
import { createPaint } from '../../src/cli/render/paint.ts';
import { renderCycle } from '../../src/cli/render/cycle.ts';
import { renderExplanation } from '../../src/cli/render/explain.ts';
import { renderOperations } from '../../src/cli/render/operations.ts';
import { renderStatus } from '../../src/cli/render/status.ts';
import type { ConnectionStatus, PendingRemoval, Status } from '../../src/ports/operator.ts';
import type { OperationRecord } from '../../src/ports/stores.ts';
import { aRemoval } from '../contract/plans.ts';
import { connectionStatus, cycleView, testIo } from './builders.ts';

const plain = createPaint(testIo().stdout, false);
const NOW = Date.parse('2026-12-01T08:00:00Z');

function shown(connection: Partial<ConnectionStatus>, daemon = true): string {
  const status: Status = {
    version: '1',
    startedAt: 0,
    asOf: NOW,
    schedules: [],
    queues: [],
    connections: [connectionStatus(connection)],
  };
  return renderStatus(status, daemon, plain);
}

describe('headgate status', () => {
  test('says first what is wrong below the connections, with what to do', () => {
    const trouble = {
      name: 'database',
      ok: false,
      detail: 'the disk of the database is full',
      remedy: 'Free some space.',
    };
    const status = { version: '1', startedAt: 0, schedules: [], queues: [], connections: [], troubles: [trouble] };
    expect(renderStatus(status, true, plain)).toMatch(
      /^Headgate: .*\n\ndatabase: the disk of the database is full\n {2}Free some space\.\n/,
    );
  });

  test('tells when a cycle last succeeded', () => {
    const lastSuccess = cycleView({ phase: 'closed', result: 'succeeded', closedAt: NOW });
    expect(shown({ lastSuccess })).toMatch(/2026-12-01 08:00:00Z +0 +0$/m);
  });

  test.each([
    ['that is not due yet with its time', { dueAt: NOW + 1000 }, 'ada will be disabled at 2026-12-01 08:00:01Z: left'],
    [
      'that is due with what does it',
      { dueAt: NOW },
      'ada will be disabled by the next cycle (due since 2026-12-01 08:00:00Z): left',
    ],
    [
      'that is held with the guard, not as if it were to happen at a time that is over',
      { dueAt: NOW, heldBy: 'too-many-removals' },
      'ada is not disabled: held by too-many-removals (due since 2026-12-01 08:00:00Z): left',
    ],
  ])('tells a removal %s', (_how, more, words) => {
    const removal: PendingRemoval = { resource: 'account', label: 'ada', action: 'disable', reason: 'left', ...more };
    expect(shown({ leaving: { total: 1, next: [removal] } })).toContain(words);
  });

  test.each([
    [true, /acme: token 0123abcd expired 2026-12-01 .*\n.*headgate token rotate -c acme/],
    [false, /acme: token 0123abcd expires 2026-12-01 /],
  ])('tells of a token whose last day is over (%s) or near', (expired, words) => {
    expect(shown({ expiring: [{ fingerprint: '0123abcd', expiresAt: NOW, expired }] })).toMatch(words);
  });

  test('tells of a migration that waits for a yes, because no cycle runs meanwhile', () => {
    const waiting = shown({
      migration: { kind: 'disable-scim', mode: 'forward', status: 'waiting', gate: 'coverage' },
    });
    expect(waiting).toMatch(/acme: migration: disable-scim waits for somebody's yes at the gate coverage; .*no cycle/);
    expect(waiting).toContain('headgate migration status acme');
    expect(shown({})).not.toContain('migration');
  });

  test.each([
    ['waits for a yes', { status: 'waiting', gate: 'coverage' }, 'migration waits for a yes'],
    ['runs', { status: 'running' }, 'migration running'],
    ['is paused', { status: 'paused' }, 'migration paused'],
    ['goes back', { status: 'running', mode: 'rollback' }, 'migration rolling back'],
    ['is paused on its way back', { status: 'paused', mode: 'rollback' }, 'migration rollback paused'],
  ] as const)('does not call a connection idle whose migration %s', (_how, migration, word) => {
    const lines = shown({ migration: { kind: 'disable-scim', mode: 'forward', ...migration } }).split('\n');
    expect(lines.find((line) => line.startsWith('acme '))).toMatch(new RegExp(`^acme +${word} `));
  });

  test('tells how fast an open cycle goes where a daemon runs, and without one only when it goes on', () => {
    const pace = { at: NOW, operationsPerSecond: 229.2, concurrency: 8 };
    const status = { state: { connection: 'acme', schedulesPaused: false, pace }, openCycle: cycleView() };
    const goesOn = 'the cycle goes on when "headgate serve" runs';
    expect(shown(status)).toContain('acme sends 229.2 operations a second');
    expect(shown(status)).not.toContain(goesOn);
    expect(shown(status, false)).not.toContain('operations a second');
    expect(shown(status, false)).toContain(`acme: ${goesOn}`);
    expect(shown({}, false)).not.toContain(goesOn);
  });

  test('tells of an aborted migration that what it did stands, and how to take it back', () => {
    const text = shown({ abortedMigration: { id: 'm1', kind: 'disable-scim', at: NOW } });
    expect(text).toMatch(/acme: migration: disable-scim was aborted 2026-12-01 08:00:00Z: what it did stands\n/);
    expect(text).toMatch(/headgate migration rollback acme.*headgate migration report acme/);
  });

  test('tells of a journal that is broken where, what to do, and not that the connection is idle', () => {
    const message = "the migration's journal is broken at line 2";
    const text = shown({ brokenJournal: { migration: 'm1', message, remedy: 'restore it from a backup.' } });
    expect(text).toMatch(/acme +journal broken/);
    expect(text).toContain(`acme: migration: ${message}\n  restore it from a backup.`);
  });

  describe('of a connection that a migration has switched off', () => {
    const off = {
      state: { connection: 'acme', schedulesPaused: false, switchedOffAt: NOW },
      links: { 'account.active': 33, 'group.active': 3 },
      expiring: [{ fingerprint: '0123abcd', expiresAt: NOW, expired: true }],
    };

    test('says so, since when and what to do, and neither counts groups nor asks for a new token', () => {
      const text = shown(off);
      expect(text).toMatch(/^acme +switched off +33 +- /m);
      expect(text).toMatch(
        /acme is switched off since 2026-12-01 08:00:00Z, by a migration: .*nothing .*\n.*out of the/,
      );
      expect(text).not.toContain('rotate');
    });

    test('does not have it taken out of the configuration before that migration has ended', () => {
      const text = shown({
        ...off,
        migration: { kind: 'disable-scim', mode: 'forward', status: 'waiting', gate: 'revocation' },
      });
      expect(text).toContain('acme is switched off since');
      expect(text).toContain('at the gate revocation');
      expect(text).not.toContain('out of the configuration');
    });
  });

  test('tells whom no account can be made of, and where to see who and why', () => {
    const unmapped = { cycle: 'c-1', plannedAt: NOW, text: '2 users could not be mapped: no userName' };
    const words =
      /full cycle of 2026-12-01 08:00:00Z: 2 users could not be mapped: no userName\n.*headgate cycle show c-1/;
    expect(shown({ unmapped })).toMatch(words);
  });
});

test('a cycle names some of those a notice is about', () => {
  const anchors = ['a', 'b', 'c', 'd', 'e', 'f'];
  const cycle = cycleView({ notices: [{ code: 'mapping-failed', text: '6 users could not be mapped', anchors }] });
  expect(renderCycle(cycle, plain)).toContain('note: 6 users could not be mapped (a, b, c, d, e, …)');
});

test('a cycle repeats no ids of those whom a notice names', () => {
  const text = '1 assigned group contains groups, whose members are not in scope: IT';
  const cycle = cycleView({ notices: [{ code: 'nested-groups', text, anchors: ['a'] }] });
  expect(renderCycle(cycle, plain).split('\n')).toContain(`  note: ${text}`);
});

test('a cycle that passed somebody over says where their names are, once its plan is stored', () => {
  const notices = [{ code: 'users-left-out' as const, text: '1 assigned user may not sign in', anchors: ['a'] }];
  const words = 'headgate log -c acme --outcome skipped';
  expect(renderCycle(cycleView({ notices, plannedAt: NOW }), plain)).toContain(words);
  const { plannedAt: _at, ...unplanned } = cycleView({ notices });
  expect(renderCycle(unplanned, plain)).not.toContain(words);
  expect(renderCycle(cycleView({ notices: [], plannedAt: NOW }), plain)).not.toContain(words);
});

test('a cycle that was asked to be incremental and looked at everything says why', () => {
  const everything = 'the watermark has expired';
  expect(renderCycle(cycleView({ everything }), plain).split('\n')).toContain(
    '  asked to be incremental, looks at everything: the watermark has expired',
  );
  expect(renderCycle(cycleView(), plain)).not.toContain('looks at everything');
});

test.each([
  [{ 1: { 'in-flight': 3, pending: 9 } }, undefined, 'cancelling: at most 3 operations still being sent'],
  [{ 1: { 'in-flight': 1 } }, 'changed', 'cancelling: at most 1 operation still being sent (changed)'],
  [{ 1: { pending: 9 } }, undefined, 'cancelling: nothing is being sent any more'],
])('an open cycle that is being cancelled says what it waits for: %j', (counts, reason, words) => {
  const why = reason === undefined ? {} : { cancelReason: reason };
  const cycle = cycleView({ phase: 'exporting', cancelRequested: true, counts, ...why });
  expect(renderCycle(cycle, plain).split('\n')).toContain(`  ${words}`);
  expect(renderCycle({ ...cycle, phase: 'closed', result: 'cancelled' }, plain)).not.toContain('cancelling');
  expect(shown({ openCycle: cycle })).toContain('exporting, cancelling');
});

test('explain shows what the mapping gives, one attribute a line', () => {
  const mapped = { displayName: 'Ada', active: true };
  const explanation = { connection: 'acme', found: true, paths: [], conclusion: 'entitled', mapped, operations: [] };
  expect(renderExplanation(explanation, plain)).toMatch(/mapping:\n {4}displayName {2}"Ada"\n {4}active {7}true$/);
});

test('explain says when each of the last operations was settled', () => {
  const stored = { cycle: 'c', sequence: 7, operation: aRemoval(1, 'disable'), attempts: 1 } as const;
  const text = renderExplanation(
    {
      connection: 'acme',
      found: true,
      paths: [],
      conclusion: 'not entitled',
      mapped: {},
      operations: [
        { ...stored, state: 'pending' },
        { ...stored, state: 'exported', settledAt: NOW },
      ],
    },
    plain,
  );
  expect(text).toMatch(/WHEN +OPERATION/);
  expect(text).toMatch(/^ +- +disable account .* pending$/m);
  expect(text).toMatch(/^ +2026-12-01 08:00:00Z +disable account .* done$/m);
});

test.each([
  [['too-many-removals'], 'held by too-many-removals'],
  [['too-many-removals', 'group-cliff'], 'held by too-many-removals and group-cliff'],
  [['token-owner', 'too-many-removals', 'group-cliff'], 'held by too-many-removals, token-owner and group-cliff'],
] as const)('an operation that %s hold names each of them: each wants a decision of its own', (guards, words) => {
  const operation = aRemoval(1, 'disable');
  const stored: OperationRecord = {
    cycle: 'c',
    sequence: 0,
    operation,
    state: 'held',
    attempts: 0,
    heldBy: 'too-many-removals',
    guards,
  };
  expect(renderOperations([stored], plain)).toMatch(new RegExp(`${words}$`, 'm'));
});

test('an explanation tells what was changed by hand, as the audit that found it does, and which migration cannot be told of', () => {
  const found = {
    text: 'somebody deactivated ada in the application by hand',
    next: 'the next full cycle will reactivate it',
  };
  const explanation = {
    connection: 'acme',
    found: true,
    paths: [],
    conclusion: 'entitled',
    mapped: {},
    operations: [],
  };
  expect(renderExplanation({ ...explanation, drift: { at: NOW, findings: [found] } }, plain)).toContain(
    'found by the audit of 2026-12-01 08:00:00Z: somebody deactivated ada in the application by hand; the next full cycle',
  );
  const brokenJournals = [{ migration: 'm1', message: 'broken at line 2', remedy: 'restore it.' }];
  expect(renderExplanation({ ...explanation, brokenJournals }, plain)).toContain(
    'migration m1: broken at line 2\n    restore it.',
  );
});
