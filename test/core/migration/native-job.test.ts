import { describe, expect, test } from 'vitest';
import {
  wholeCycleSince,
  type CycleWait,
  type NativeExecution,
  type NativeJob,
} from '../../../src/core/migration/native-job.ts';

const MINUTE = 60_000;
const NOW = 1_800_000_000_000;

/** An execution that began so many minutes after the observing did, and lasted ten. */
function execution(id: string, beganMinutes: number, more: Partial<NativeExecution> = {}): NativeExecution {
  const began = NOW + beganMinutes * MINUTE;
  return { id, state: 'Succeeded', began, ended: began + 10 * MINUTE, escrowed: 0, ...more };
}

function job(lastSuccessful?: NativeExecution, more: Partial<NativeJob> = {}): NativeJob {
  const known = lastSuccessful === undefined ? {} : { lastSuccessful, last: lastSuccessful };
  return { id: 'scim.1', code: 'Active', ...known, ...more };
}

const OLD = execution('old', -60);
const FAILED = execution('bad', 20, { state: 'Failed' });
const ESCROWED = execution('some', 20, { state: 'EntryLevelErrors', escrowed: 2 });

const ROWS: readonly (readonly [name: string, seen: readonly NativeJob[], is: CycleWait['is']])[] = [
  ['nothing was seen', [], 'waiting'],
  ['only the cycle from before the change is known', [job(OLD)], 'waiting'],
  ['the same old cycle is seen again and again', [job(OLD), job(OLD), job(OLD)], 'waiting'],
  ['a cycle ended that was under way when the change was made', [job(OLD), job(execution('a', -5))], 'waiting'],
  ['a cycle began so soon after the change that the clocks may differ', [job(OLD), job(execution('a', 4))], 'waiting'],
  ['a cycle began well after the change', [job(OLD), job(execution('a', 6))], 'done'],
  [
    'a second cycle began after one that ended after the change, however little the clocks are apart',
    [job(OLD), job(execution('a', -9)), job(execution('b', 1))],
    'done',
  ],
  [
    'the first look was answered by a replica behind the times: neither cycle began after the change',
    [job(execution('e1', -120)), job(execution('e2', -60)), job(execution('e3', -5))],
    'waiting',
  ],
  [
    'the same, and one more cycle after them',
    [job(execution('e1', -120)), job(execution('e2', -60)), job(execution('e3', -5)), job(execution('e4', 5))],
    'done',
  ],
  [
    'another job took the place of the one that was watched',
    [job(OLD), job(execution('a', 6), { id: 'scim.2' })],
    'waiting',
  ],
  [
    'that other job went through a whole cycle of its own',
    [job(OLD), job(execution('a', 6), { id: 'scim.2' }), job(execution('b', 40), { id: 'scim.2' })],
    'done',
  ],
  ['two successes that overlap prove nothing', [job(OLD), job(execution('a', -5)), job(execution('b', -4))], 'waiting'],
  ['the first cycle ever began well after the change', [job(), job(execution('a', 6))], 'done'],
  ['the job was paused', [job(OLD), job(OLD, { code: 'Paused' })], 'stop'],
  ['the job is in quarantine', [job(OLD), job(OLD, { code: 'Quarantine', quarantine: 'TooManyDeletes' })], 'stop'],
  ['a cycle failed since', [job(OLD), job(OLD, { last: FAILED })], 'stop'],
  ['a cycle had errors with single objects since', [job(OLD), job(OLD, { last: ESCROWED })], 'stop'],
  ['a failure is older than the change', [job(OLD, { last: FAILED })], 'waiting'],
  ['a whole cycle left something in escrow', [job(OLD), job(execution('a', 6, { escrowed: 1 }))], 'stop'],
  [
    'a whole cycle left something in escrow and the one after it nothing',
    [job(OLD), job(execution('a', 6, { escrowed: 1 })), job(execution('b', 46))],
    'done',
  ],
  [
    'the cycle after one that left something in escrow left something, too',
    [job(OLD), job(execution('a', 6, { escrowed: 1 })), job(execution('b', 46, { escrowed: 2 }))],
    'stop',
  ],
  [
    'somebody paused the job after the whole cycle',
    [job(OLD), job(execution('a', 6)), job(execution('a', 6), { code: 'Paused' })],
    'done',
  ],
];

describe("a whole cycle of Entra's job after a change", () => {
  test.each(ROWS)('%s', (_name, seen, is) => {
    expect(wholeCycleSince(seen, NOW, NOW + 100 * MINUTE).is).toBe(is);
  });

  test.each<readonly [name: string, seen: readonly NativeJob[], looked: readonly string[], is: CycleWait['is']]>([
    ['a failure somebody has looked at is waited out', [job(OLD), job(OLD, { last: FAILED })], ['bad'], 'waiting'],
    ['the one after it is not', [job(OLD), job(OLD, { last: { ...FAILED, id: 'worse' } })], ['bad'], 'stop'],
    [
      'what a cycle left in escrow, and somebody has looked at, is waited out',
      [job(OLD), job(execution('a', 6, { escrowed: 1 }))],
      ['a'],
      'waiting',
    ],
    ['a job that stands still is not, whoever has looked', [job(OLD), job(OLD, { code: 'Paused' })], ['old'], 'stop'],
  ])('%s', (_name, seen, looked, is) => {
    const at = { executions: new Set(looked), at: NOW };
    expect(wholeCycleSince(seen, NOW, NOW + 100 * MINUTE, at).is).toBe(is);
  });

  test('that did not come within a day is waited for another day once somebody has looked', () => {
    const at = { executions: new Set<string>(), at: NOW + 25 * 60 * MINUTE };
    expect(wholeCycleSince([job(OLD)], NOW, NOW + 26 * 60 * MINUTE, at).is).toBe('waiting');
  });

  test('that does not come within a day is a matter for a person', () => {
    expect(wholeCycleSince([job(OLD)], NOW, NOW + 25 * 60 * MINUTE)).toMatchObject({ is: 'stop' });
  });
});
