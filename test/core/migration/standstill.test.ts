import { expect, test } from 'vitest';
import { GONE, type NativeExecution, type NativeJob } from '../../../src/core/migration/native-job.ts';
import { restOf, sinceStandstill } from '../../../src/core/migration/standstill.ts';

const MINUTE = 60_000;
const NOW = 1_800_000_000_000;

/** An execution that ended so many minutes from now, and lasted ten. */
function ended(id: string, minutes: number): NativeExecution {
  const at = NOW + minutes * MINUTE;
  return { id, state: 'Succeeded', began: at - 10 * MINUTE, ended: at, escrowed: 0 };
}

function paused(last?: NativeExecution, more: Partial<NativeJob> = {}): NativeJob {
  return { id: 'scim.1', code: 'Paused', ...(last === undefined ? {} : { last }), ...more };
}

const OLD = ended('old', -60);

test.each<[name: string, seen: readonly NativeJob[], since: number, rest: number]>([
  ['a job that has never run has nothing under way', [paused()], 0, 0],
  ['a cycle may take as long as the last one did', [paused(OLD)], 0, 10],
  ['what has passed since it was paused counts', [paused(OLD)], -4, 6],
  ['a job that has stood still for so long is not waited for', [paused(OLD)], -10, 0],
  [
    'the longest that was seen counts',
    [paused({ ...OLD, began: OLD.began - 5 * MINUTE }), paused(ended('a', 0))],
    0,
    15,
  ],
  ['a cycle of days, or a date that is wrong, is waited for a day', [paused({ ...OLD, began: 0 })], 0, 24 * 60],
  ['one that ended before it began took no time', [paused({ ...OLD, began: OLD.ended + MINUTE })], 0, 0],
])('%s', (_name, seen, since, rest) => {
  expect(restOf(seen, NOW + since * MINUTE, NOW)).toBe(rest * MINUTE);
});

test.each<[name: string, later: readonly NativeJob[], is: 'ran' | 'gone' | undefined]>([
  ['nobody has looked at the job since', [], undefined],
  ['the job is as it was left', [paused(OLD)], undefined],
  ['the job was started again and has not run yet', [paused(OLD, { code: 'Active' })], undefined],
  ['the job has run', [paused(ended('new', 5), { code: 'Active' })], 'ran'],
  ['the job has run and was paused again', [paused(OLD), paused(ended('new', 5))], 'ran'],
  ['a replica that lags behind shows the cycle before the last', [paused(ended('older', -100))], undefined],
  ['another job took its place and has run', [paused(ended('other', 5), { id: 'scim.2' })], 'ran'],
  ['the job is gone', [paused(undefined, { code: GONE })], 'gone'],
  ['the job has run, and is gone', [paused(ended('new', 5)), paused(undefined, { code: GONE })], 'ran'],
])('%s', (_name, later, is) => {
  expect(sinceStandstill({ 'disable-connection': [paused(OLD)], 'revoke-token': later })?.is).toBe(is);
});

test('a job that had never run has run when it shows a cycle', () => {
  const seen = { 'disable-connection': [paused()], 'revoke-token': [paused(ended('first', 5))] };
  expect(sinceStandstill(seen)).toMatchObject({ is: 'ran', execution: { id: 'first' } });
});
