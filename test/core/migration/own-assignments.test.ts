import { expect, test } from 'vitest';
import type { JournalEntry } from '../../../src/core/migration/journal.ts';
import { ownAssignments, withdrawnAmong } from '../../../src/core/migration/own-assignments.ts';
import { assignUser } from '../../builders.ts';
import { aSurvey, started, state } from './builders.ts';

const REQUEST = { to: 'directory', method: 'POST', path: '/x' } as const;

/** A journal in which Ann was assigned directly, and whose rollback has withdrawn the assignments with these ids. */
function rolledBack(withdrawn: readonly string[] = []) {
  const assign: JournalEntry = {
    kind: 'calling',
    step: 'assign-directly',
    calls: [
      {
        key: 'assign ann',
        what: 'assign ann',
        request: REQUEST,
        change: { kind: 'assign', application: 'sp', principal: 'ann', roleId: assignUser('ann').roleId },
      },
    ],
  };
  const calls = withdrawn.map((id) => ({ key: `withdraw ${id}`, what: 'withdraw', request: REQUEST }));
  return state(
    started(),
    { kind: 'surveyed', purpose: 'start', survey: aSurvey() },
    assign,
    { kind: 'called', step: 'assign-directly', outcomes: [{ key: 'assign ann', state: 'done' }] },
    { kind: 'rollback', by: 'ada' },
    { kind: 'calling', step: 'withdraw-assignments', calls },
    {
      kind: 'called',
      step: 'withdraw-assignments',
      outcomes: calls.map(({ key }) => ({ key, state: 'done' })),
    },
  );
}

test('of a direct assignment that is there the migration owns what it has made: the same user and the same role', () => {
  const there = [assignUser('ann'), assignUser('ann', 'admin'), assignUser('ben')];
  expect(ownAssignments(rolledBack(), there)).toEqual([assignUser('ann')]);
});

test('one that was withdrawn and is shown all the same is not left, only late', () => {
  const there = [assignUser('ann')];
  expect(withdrawnAmong(rolledBack(), there)).toEqual([]);
  expect(withdrawnAmong(rolledBack(there.map(({ id }) => id)), there)).toEqual(there);
});

test('one whose outcome nobody recorded is owned as well, and one found there already is not', () => {
  const { roleId } = assignUser('ann');
  const calling = (user: string): JournalEntry => {
    const change = { kind: 'assign', application: 'sp', principal: user, roleId } as const;
    const call = { key: `assign ${user}`, what: `assign ${user}`, request: REQUEST, change };
    return { kind: 'calling', step: 'assign-directly', calls: [call] };
  };
  const died = state(
    started(),
    { kind: 'surveyed', purpose: 'start', survey: aSurvey() },
    calling('ben'),
    { kind: 'called', step: 'assign-directly', outcomes: [{ key: 'assign ben', state: 'already-so' }] },
    calling('ann'),
    // Another process: sent again, and there already.
    calling('ann'),
    { kind: 'called', step: 'assign-directly', outcomes: [{ key: 'assign ann', state: 'already-so' }] },
    { kind: 'rollback', by: 'ada' },
  );
  expect(ownAssignments(died, [assignUser('ann'), assignUser('ben')])).toEqual([assignUser('ann')]);
});
