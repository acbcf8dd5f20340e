import { expect, test } from 'vitest';
import type { CallOutcome, JournalEntry, MigrationCall } from '../../../src/core/migration/journal.ts';
import type { MigrationStep } from '../../../src/core/migration/migration.ts';
import { callsOf } from '../../../src/core/migration/reported-calls.ts';
import { aSurvey, done, journal, started } from './builders.ts';

const request = { to: 'directory', method: 'POST', path: '/' } as const;
const call = (key: string): MigrationCall => ({ key, what: key, request });
const calling = (step: MigrationStep, ...calls: readonly MigrationCall[]): JournalEntry => ({
  kind: 'calling',
  step,
  calls,
});
const called = (step: MigrationStep, key: string, state: CallOutcome['state']): JournalEntry => ({
  kind: 'called',
  step,
  outcomes: [{ key, state }],
});

const survey = aSurvey();
const [ann] = survey.users;
const assign: MigrationCall = {
  ...call('assign'),
  change: { kind: 'assign', application: 'sp', principal: 'ann', roleId: ann?.missing[0] ?? '' },
};
const covered = (users: typeof survey.users): JournalEntry => ({
  kind: 'surveyed',
  purpose: 'coverage',
  survey: { ...survey, users },
});
const assigned = survey.users.map((user) => ({ ...user, missing: [] }));

test.each<readonly [string, readonly JournalEntry[], readonly string[]]>([
  [
    'an announced request of which nothing more is told is in doubt',
    [calling('empty-groups', call('a'))],
    ['in-doubt'],
  ],
  [
    'one that a process died over is proved once the step has read back that it is done',
    [calling('empty-groups', call('a')), ...done('empty-groups')],
    ['proved'],
  ],
  [
    'and so is one whose answer was lost',
    [calling('empty-groups', call('a')), called('empty-groups', 'a', 'unknown'), ...done('empty-groups')],
    ['proved'],
  ],
  [
    'what another step has read proves nothing',
    [calling('empty-groups', call('a')), ...done('unassign-groups')],
    ['in-doubt'],
  ],
  [
    'a refusal stays one',
    [calling('empty-groups', call('a')), called('empty-groups', 'a', 'failed'), ...done('empty-groups')],
    ['failed'],
  ],
  [
    'one that was sent again is told by what became of that',
    [calling('canary', call('a')), calling('canary', call('a')), called('canary', 'a', 'done'), ...done('canary')],
    ['repeated', 'done'],
  ],
  [
    'an outcome is that of the last request, not of an earlier one that was in doubt beside others',
    [
      calling('empty-groups', call('a'), call('b')),
      calling('empty-groups', call('b')),
      called('empty-groups', 'b', 'done'),
    ],
    ['in-doubt', 'repeated', 'done'],
  ],
  [
    'an assignment is proved by the survey that shows it',
    [calling('assign-directly', assign), covered(assigned), ...done('assign-directly')],
    ['proved'],
  ],
  [
    'and not by one that does not, because its user is in no group any more',
    [calling('assign-directly', assign), covered([]), ...done('assign-directly')],
    ['in-doubt'],
  ],
  [
    'what a step leaves as it is proves nothing',
    [
      calling('withdraw-assignments', call('a'), call('b')),
      { kind: 'done', step: 'withdraw-assignments', stays: ['b'] },
    ],
    ['proved', 'in-doubt'],
  ],
])('M8: %s', (_rule, entries, expected) => {
  expect(callsOf(journal(started(), ...entries)).map(({ outcome }) => outcome)).toEqual(expected);
});
