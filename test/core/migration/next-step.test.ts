import { describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../../src/core/migration/journal.ts';
import { nextMigrationStep, type MigrationAction } from '../../../src/core/migration/next-step.ts';
import { startRefusal, approvalRefusal, refusalOf } from '../../../src/core/migration/permitted.ts';
import type { MigrationStep } from '../../../src/core/migration/migration.ts';
import { approved, aSurvey, done, NOW, started, state } from './builders.ts';

const survey = aSurvey();
const covered: JournalEntry = { kind: 'surveyed', purpose: 'coverage', survey };
const atGate = [started(), ...done('survey', 'assign-directly'), covered];
const reached: readonly JournalEntry[] = [...atGate, approved('coverage', survey.digest)];
const verified: JournalEntry = { kind: 'verified', accounts: [], groupsLeft: [], waiting: 0, digest: 'd'.repeat(64) };
const whole = [
  started('disable-scim'),
  ...done('survey', 'assign-directly'),
  covered,
  approved('coverage', survey.digest),
  ...done('empty-groups', 'unassign-groups', 'canary', 'full-cycle', 'verify'),
  verified,
];

function next(entries: readonly JournalEntry[], now = NOW): MigrationAction {
  return nextMigrationStep(state(...entries), now);
}

describe('M2: the next step', () => {
  test.each<readonly [string, readonly JournalEntry[], object]>([
    ['begins with looking', [started()], { do: 'step', step: 'survey' }],
    ['assigns before anything is taken away', [started(), ...done('survey')], { do: 'step', step: 'assign-directly' }],
    ['waits at the coverage gate: silence is no', atGate, { do: 'wait', gate: 'coverage', why: 'not-approved' }],
    ['goes through an approved gate', reached, { do: 'step', step: 'empty-groups' }],
    [
      'does not skip a step, whatever is done after it',
      [...reached, ...done('unassign-groups', 'full-cycle')],
      { do: 'step', step: 'empty-groups' },
    ],
    [
      'does not take a yes to something else',
      [...atGate, approved('coverage', 'e'.repeat(64))],
      { do: 'wait', why: 'changed' },
    ],
    [
      'closes the gate again when somebody joined',
      [...reached, { kind: 'reopened', step: 'assign-directly', why: 'cat joined' }],
      { do: 'step', step: 'assign-directly' },
    ],
    ['waits before switching off', whole, { do: 'wait', gate: 'disable' }],
    [
      'waits for the token to be revoked',
      [...whole, approved('disable', 'd'.repeat(64)), ...done('disable-connection')],
      { do: 'wait', gate: 'revocation' },
    ],
    [
      'does nothing while paused',
      [...reached, { kind: 'paused', by: 'ada', reason: 'lunch' }],
      { do: 'nothing', why: 'paused' },
    ],
    [
      'goes on when resumed',
      [...reached, { kind: 'paused', by: 'ada', reason: 'x' }, { kind: 'resumed', by: 'ada' }],
      { do: 'step', step: 'empty-groups' },
    ],
    [
      'aborts even while paused',
      [...reached, { kind: 'paused', by: 'ada', reason: 'x' }, { kind: 'abort', by: 'ada', reason: 'no' }],
      { do: 'abort', by: 'ada' },
    ],
    [
      'rolls back by assigning the groups again first',
      [...reached, { kind: 'rollback', by: 'ada' }],
      { do: 'step', step: 'reassign-groups' },
    ],
    [
      'withdraws assignments last',
      [...reached, { kind: 'rollback', by: 'ada' }, ...done('reassign-groups', 'restore-cycle', 'refill-groups')],
      { do: 'step', step: 'withdraw-assignments' },
    ],
    [
      'goes back although it was aborted, whoever aborted it',
      [
        ...reached,
        { kind: 'abort', by: 'ada', reason: 'no' },
        { kind: 'ended', result: 'aborted', by: 'ada', text: '', frozen: true },
        { kind: 'rollback', by: 'ada' },
      ],
      { do: 'step', step: 'reassign-groups' },
    ],
    [
      'begins a rollback anew that was aborted on its way',
      [
        ...reached,
        { kind: 'rollback', by: 'ada' },
        ...done('reassign-groups', 'restore-cycle'),
        { kind: 'ended', result: 'aborted', by: 'ada', text: '', frozen: false },
        { kind: 'rollback', by: 'ada' },
      ],
      { do: 'step', step: 'reassign-groups' },
    ],
    [
      'does nothing once ended',
      [started(), { kind: 'ended', result: 'aborted', by: 'ada', text: '', frozen: false }],
      { do: 'nothing', why: 'ended' },
    ],
  ])('%s', (_name, entries, expected) => {
    expect(next(entries)).toMatchObject(expected);
  });

  test('an approval that expired before the step began is none; one that expires after is enough', () => {
    expect(next(reached, NOW + 1000)).toMatchObject({ do: 'wait', why: 'expired' });
    expect(next([...reached, { kind: 'begun', step: 'empty-groups' }], NOW + 5000)).toMatchObject({ do: 'step' });
  });

  test('with two people whoever started it does not open the gate', () => {
    const both = [started('remove-groups', { twoPeople: true }), ...atGate.slice(1)];
    for (const spelling of ['ada', 'ADA', ' Ada '])
      expect(next([...both, approved('coverage', survey.digest, spelling)])).toMatchObject({ why: 'same-person' });
    expect(next([...both, approved('coverage', survey.digest, 'bob')])).toMatchObject({ do: 'step' });
  });

  test('a revocation that was no revocation closes its gate', () => {
    const off = [...whole, approved('disable', 'd'.repeat(64)), ...done('disable-connection')];
    const waiting = next(off);
    const digest = waiting.do === 'wait' ? waiting.digest : '';
    expect(next([...off, approved('revocation', digest)])).toMatchObject({ step: 'revoke-token' });
    const withdrawn: JournalEntry = { kind: 'withdrawn', gate: 'revocation', why: 'it works' };
    expect(next([...off, approved('revocation', digest), withdrawn])).toMatchObject({ do: 'wait' });
  });
});

describe('what is allowed from where', () => {
  const switchedOff = [
    ...whole,
    approved('disable', 'd'.repeat(64)),
    { kind: 'begun', step: 'disable-connection' } as const,
  ];
  const ended = [started(), { kind: 'ended', result: 'aborted', by: 'a', text: '', frozen: false } as const];
  const aborted = { kind: 'ended', result: 'aborted', by: 'a', text: '', frozen: true } as const;
  const emptiedByEntra = [started('remove-groups', {}, 'entra'), ...done('empty-groups')];
  const paused = [...reached, { kind: 'paused', by: 'a', reason: 'x' } as const];
  test.each([
    ['pause while it runs', reached, 'pause', /^allowed$/],
    ['no pause while paused', paused, 'pause', /paused already/],
    ['no resume while it runs', reached, 'resume', /not paused/],
    ['M9: rollback after the groups were unassigned', whole, 'rollback', /^allowed$/],
    ["M9: rollback with Entra's engine after the groups were emptied", emptiedByEntra, 'rollback', /^allowed$/],
    ['no rollback once the connection is switched off', switchedOff, 'rollback', /switched off/],
    ['no abort once the connection is switched off', switchedOff, 'abort', /switched off/],
    ['no second rollback', [...reached, { kind: 'rollback', by: 'a' } as const], 'rollback', /rolled back already/],
    ['abort of a rollback', [...reached, { kind: 'rollback', by: 'a' } as const], 'abort', /^allowed$/],
    ['nothing once ended', ended, 'abort', /has ended/],
    [
      'M9: rollback of one that was aborted',
      [...whole, { kind: 'surveyed', purpose: 'start', survey }, aborted],
      'rollback',
      /^allowed$/,
    ],
    ['no rollback of one that was aborted before it had looked', ended, 'rollback', /nothing to take back/],
    ['no rollback of one that succeeded', [...whole, { ...aborted, result: 'succeeded' }], 'rollback', /has ended/],
  ] as const)('%s', (_name, entries, verb, message) => {
    const refusal = refusalOf(state(...entries), verb);
    expect(refusal?.message ?? 'allowed').toMatch(message);
    // A remedy names the connection: without it no command finds the migration where there are several.
    expect(refusal?.remedy ?? '').toMatch(/^$|headgate migration \w+ acme/);
  });

  test.each([
    ['the digest that is shown', atGate, survey.digest, 'bob', /^allowed$/],
    ['its beginning', atGate, survey.digest.slice(0, 12), 'bob', /^allowed$/],
    ['not nothing at all', atGate, '', 'bob', /not the digest of what the gate coverage is about now/],
    ['not another digest', atGate, 'f'.repeat(64), 'bob', /not the digest of what the gate coverage is about now/],
    ['not at a gate it does not stand at', [started()], survey.digest, 'bob', /does not wait/],
    [
      'not by whoever started it, where two are needed',
      [started('remove-groups', { twoPeople: true }), ...atGate.slice(1)],
      survey.digest,
      'ada',
      /may not approve/,
    ],
    [
      'not by them under another spelling of their name',
      [started('remove-groups', { twoPeople: true }), ...atGate.slice(1)],
      survey.digest,
      'ADA',
      /may not approve/,
    ],
    [
      'not by nobody in particular, where two are needed',
      [started('remove-groups', { twoPeople: true }), ...atGate.slice(1)],
      survey.digest,
      'api',
      /has to say who/,
    ],
    ['by nobody in particular, where one will do', atGate, survey.digest, 'api', /^allowed$/],
  ] as const)('an approval: %s', (_name, entries, digest, by, message) => {
    const refusal = approvalRefusal(state(...entries), { gate: 'coverage', digest, by, now: NOW });
    expect(refusal?.message ?? 'allowed').toMatch(message);
  });

  test('an approval of another digest is told to look again, and not which digest would do', () => {
    const refusal = approvalRefusal(state(...atGate), {
      gate: 'coverage',
      digest: '0'.repeat(12),
      by: 'bob',
      now: NOW,
    });
    expect(refusal?.remedy).toContain('headgate migration status acme');
    expect(JSON.stringify(refusal)).not.toContain(survey.digest.slice(0, 4));
  });

  test.each([
    [true, 'api', /has to say who/],
    [true, 'ada', /^allowed$/],
    [false, 'api', /^allowed$/],
  ] as const)('with two people (%s) a start by %s', (twoPeople, by, message) => {
    expect(startRefusal({ twoPeople, approvalMs: 1, accept: [] }, by)?.message ?? 'allowed').toMatch(message);
  });
});

test('a pause that ends lets an open step wait as long once more, and leaves what a step that is done has seen', () => {
  const seen = (step: MigrationStep): JournalEntry => ({ kind: 'seen', step, complete: true, text: 'refused' });
  const { sightings } = state(
    started('disable-scim', {}, 'entra'),
    ...done('survey'),
    seen('revoke-token'),
    ...done('revoke-token'),
    seen('report'),
    { kind: 'paused', by: 'ada', reason: 'lunch' },
    { kind: 'resumed', by: 'ada' },
  );
  expect(sightings).toMatchObject({ 'revoke-token': { times: 1 } });
  expect(sightings.report).toBeUndefined();
});
