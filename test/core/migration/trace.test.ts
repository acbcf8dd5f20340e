import { expect, test } from 'vitest';
import type { JournalEntry, MigrationCall } from '../../../src/core/migration/journal.ts';
import { traceOf } from '../../../src/core/migration/trace.ts';
import { journal, NOW, started } from './builders.ts';

const request = { to: 'directory', method: 'POST', path: '/' } as const;
const assign = (user: string): MigrationCall => ({
  key: `assign ${user}`,
  what: `assign ${user} directly`,
  request,
  change: { kind: 'assign', application: 'sp', principal: user, roleId: 'r' },
});
const entries: readonly JournalEntry[] = [
  started(),
  { kind: 'calling', step: 'assign-directly', calls: [assign('ann'), assign('ben')] },
  {
    kind: 'called',
    step: 'assign-directly',
    outcomes: [
      { key: 'assign ann', state: 'done', assignment: 'a1' },
      { key: 'assign ben', state: 'failed' },
    ],
  },
  {
    kind: 'calling',
    step: 'empty-groups',
    calls: [{ key: 'empty', what: 'take 1 members out', request, group: 'it', members: ['id-ann'] }],
  },
  { kind: 'rollback', by: 'ada' },
  {
    kind: 'calling',
    step: 'withdraw-assignments',
    calls: [
      {
        key: 'withdraw a1',
        what: 'withdraw it',
        request,
        principal: 'ann',
        change: { kind: 'unassign', application: 'sp', assignment: 'a1' },
      },
    ],
  },
  { kind: 'called', step: 'withdraw-assignments', outcomes: [{ key: 'withdraw a1', state: 'done' }] },
];

test.each([
  ['ann', 'id-ann', ['assign ann directly: done', 'take 1 members out: in-doubt', 'withdraw it: done']],
  ['ann', undefined, ['assign ann directly: done', 'withdraw it: done']],
  ['ben', 'id-ben', ['assign ben directly: failed']],
] as const)('what a migration did to %s with the account %s', (user, account, expected) => {
  const trace = traceOf('m1', journal(...entries), user, account);
  expect(trace).toMatchObject({ migration: 'm1', kind: 'remove-groups' });
  expect(trace?.calls.map(({ what, outcome }) => `${what}: ${outcome}`)).toEqual(expected);
  expect(trace?.calls[0]?.at).toBe(NOW);
});

test('a migration that concerned others leaves no trace', () => {
  expect(traceOf('m1', journal(...entries), 'cleo', 'id-cleo')).toBeUndefined();
});
