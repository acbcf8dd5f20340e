import { expect, test } from 'vitest';
import { doingOf } from '../../../src/core/migration/doing.ts';
import type { JournalEntry, MigrationCall } from '../../../src/core/migration/journal.ts';
import { stepsOf, type MigrationStep } from '../../../src/core/migration/migration.ts';
import { aSurvey, done, NOW, started, state } from './builders.ts';

const MINUTE = 60_000;
const REQUEST = { to: 'directory', method: 'POST', path: '/' } as const;
const before: JournalEntry = { kind: 'surveyed', purpose: 'start', survey: aSurvey('disable-scim') };

function called(step: MigrationStep, ...calls: readonly MigrationCall[]): readonly JournalEntry[] {
  return [
    { kind: 'calling', step, calls },
    { kind: 'called', step, outcomes: calls.map(({ key }) => ({ key, state: 'done' })) },
  ];
}

function assign(principal: string): MigrationCall {
  const change = { kind: 'assign', application: 'sp', principal, roleId: 'role' } as const;
  return { key: `assign ${principal}`, what: '', request: REQUEST, change };
}

const takeOut: MigrationCall = { key: 'empty', what: '', request: REQUEST, group: 'it', members: ['id-ann'] };
const pause: MigrationCall = {
  key: 'pause scim.1',
  what: '',
  request: REQUEST,
  change: { kind: 'pause-job', application: 'sp', job: 'scim.1' },
};
const last = { id: 'e', state: 'Succeeded', began: NOW - 30 * MINUTE, ended: NOW - 10 * MINUTE, escrowed: 0 } as const;
const job = { id: 'scim.1', code: 'Active', last, lastSuccessful: last } as const;

/** Everything before a step, done. */
function upTo(step: MigrationStep, engine: 'headgate' | 'entra' = 'headgate'): readonly JournalEntry[] {
  const steps = stepsOf('disable-scim', 'forward', engine);
  return [started('disable-scim', {}, engine), before, ...done(...steps.slice(0, steps.indexOf(step)))];
}

test.each<readonly [rule: string, entries: readonly JournalEntry[], doing: string | undefined]>([
  ['nothing is said of a step that has sent nothing', upTo('assign-directly'), undefined],
  [
    'direct assignments are counted against those that were lacking',
    [...upTo('assign-directly'), ...called('assign-directly', assign('ann'))],
    '1 of 1 direct assignment made',
  ],
  [
    'and alone once more came to them',
    [...upTo('assign-directly'), ...called('assign-directly', assign('ann'), assign('ben'))],
    '2 direct assignments made',
  ],
  [
    'members are counted against those the SCIM groups showed',
    [...upTo('empty-groups'), ...called('empty-groups', takeOut)],
    '1 of 2 members taken out',
  ],
  [
    'of a cycle of its own it says where to see how far that is',
    [...upTo('full-cycle'), { kind: 'cycle', step: 'full-cycle', cycle: 'c1' }],
    'how far that is: headgate cycle show c1',
  ],
  [
    "a wait for a cycle of Entra's says so, since when, and how long the last one took",
    [...upTo('assignments-cycle', 'entra'), { kind: 'native-job', step: 'assignments-cycle', job }],
    `waits for a whole cycle of Entra's provisioning, since ${new Date(NOW).toISOString()}; the last one took 20 minutes`,
  ],
  [
    'a job that was told to pause stands still until somebody starts it',
    [...upTo('disable-connection', 'entra'), ...called('disable-connection', pause)],
    "Entra's own provisioning was told to pause, and only a person starts it again: in Entra, Enterprise applications, Acme, Provisioning, Start provisioning",
  ],
  [
    'also while the gate asks anew, and not only the last line tells it',
    [
      ...upTo('disable-connection', 'entra'),
      ...called('disable-connection', pause),
      { kind: 'reopened', step: 'verify', why: 'somebody leaves' },
      ...done('verify'),
    ],
    "Entra's own provisioning was told to pause, and only a person starts it again: in Entra, Enterprise applications, Acme, Provisioning, Start provisioning",
  ],
  [
    'nothing is said once it has ended',
    [
      ...upTo('disable-connection', 'entra'),
      ...called('disable-connection', pause),
      { kind: 'ended', result: 'aborted', by: 'ada', text: 'no', frozen: false },
    ],
    undefined,
  ],
])('%s', (_rule, entries, doing) => {
  expect(doingOf(state(...entries), NOW)).toBe(doing);
});

test('after a job was paused, a cycle that may be under way is given the time the last one took', () => {
  const paused = { kind: 'native-job', step: 'disable-connection', job: { ...job, code: 'Paused' } } as const;
  expect(doingOf(state(...upTo('disable-connection', 'entra'), paused), NOW)).toBe(
    `gives a cycle of Entra's that may be under way until ${new Date(NOW + 20 * MINUTE).toISOString()} to end`,
  );
});
