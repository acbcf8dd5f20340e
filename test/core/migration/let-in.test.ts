import { describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../../src/core/migration/journal.ts';
import type { NativeJob } from '../../../src/core/migration/native-job.ts';
import { givenByGroups } from '../../../src/core/migration/own-assignments.ts';
import { assignGroup, assignUser, ROLE } from '../../builders.ts';
import { done, started, state } from './builders.ts';

const step = 'restore-cycle';
const job: NativeJob = { id: 'job', code: 'Active' };
const looked: JournalEntry = { kind: 'native-job', step, job };
const back: readonly JournalEntry[] = [
  started('remove-groups', {}, 'entra'),
  { kind: 'rollback', by: 'ada' },
  ...done('reassign-groups'),
];
const noted: readonly JournalEntry[] = [...back, { kind: 'let-in', step, ways: ['ann it'] }, looked];

describe('by which groups people were let in before a rollback waits for a whole cycle of Entra', () => {
  test('is known from then on, also once it has seen one', () => {
    expect([...(state(...noted, ...done(step, 'refill-groups')).letIn ?? [])]).toEqual(['ann it']);
  });

  test.each<readonly [string, readonly JournalEntry[]]>([
    ['when it goes back to wait for another', [{ kind: 'reopened', step, why: 'ben joined' }]],
    ['when it goes back further', [{ kind: 'reopened', step: 'reassign-groups', why: 'IT is not assigned' }]],
    [
      'when it begins anew after an abort',
      [
        { kind: 'ended', result: 'aborted', by: 'ada', text: '', frozen: false },
        { kind: 'rollback', by: 'ada' },
      ],
    ],
  ])('is to be read anew %s', (_when, entries) => {
    const { letIn, nativeJobs, watchedSince } = state(...noted, ...done(step), ...entries);
    expect({ letIn, nativeJobs, watchedSince }).toEqual({ letIn: undefined, nativeJobs: {}, watchedSince: {} });
  });

  test('takes no cycle for one that has seen it which was watched before', () => {
    const { nativeJobs, watchedSince } = state(...back, looked, { kind: 'let-in', step, ways: [] });
    expect({ nativeJobs, watchedSince }).toEqual({ nativeJobs: {}, watchedSince: {} });
  });
});

test('each way somebody gets a role by is told by itself, and one by a group that was assigned anew is another', () => {
  const members = new Map([
    ['it', ['ann', 'ben']],
    ['hr', ['ann']],
  ]);
  const before = givenByGroups([assignGroup('it'), assignGroup('hr'), assignUser('ben')], members);
  expect([...before.keys()]).toEqual([`ann ${ROLE}`, `ben ${ROLE}`]);
  expect(before.get(`ann ${ROLE}`)).toHaveLength(2);
  const after = givenByGroups([{ ...assignGroup('it'), created: '2026-11-23T09:00:00Z' }], members);
  expect(before.get(`ben ${ROLE}`)).not.toEqual(after.get(`ben ${ROLE}`));
});
