import { expect, test } from 'vitest';
import type { CallOutcome, JournalEntry, MigrationCall } from '../../../src/core/migration/journal.ts';
import { reportOf } from '../../../src/core/migration/report.ts';
import { asKept, sentBeside } from '../../../src/core/migration/sent-writes.ts';
import type { SentWrite } from '../../../src/core/operation.ts';
import { done, journal, started } from './builders.ts';

const patch = (member: string, outcome: NonNullable<SentWrite['outcome']>, why?: string): SentWrite => ({
  method: 'PATCH',
  path: '/Groups/g',
  body: { member },
  outcome,
  ...(why === undefined ? {} : { why }),
});
const request = { to: 'provider', method: 'PATCH', path: '/Groups/g', body: { member: 'both' } } as const;
const calling: JournalEntry = {
  kind: 'calling',
  step: 'empty-groups',
  calls: [{ key: 'k', what: 'take 2 members out', request, members: ['a', 'b'] } satisfies MigrationCall],
};
const called = (state: CallOutcome['state'], sent?: readonly SentWrite[], why?: string): JournalEntry => ({
  kind: 'called',
  step: 'empty-groups',
  outcomes: [{ key: 'k', state, ...(why === undefined ? {} : { why }), ...(sent === undefined ? {} : { sent }) }],
});
const refused = patch('both', 'failed', 'answered 400');

test.each<readonly [string, readonly JournalEntry[], readonly (readonly [unknown, string, string?])[]]>([
  ['a journal of an older version tells the announced request', [calling, called('done')], [['both', 'done']]],
  [
    'what was refused at once and done one by one is told write by write',
    [calling, called('done', [refused, patch('a', 'done'), patch('b', 'done')])],
    [
      ['both', 'overcome', 'answered 400'],
      ['a', 'done'],
      ['b', 'done'],
    ],
  ],
  [
    'what failed midway is told apart, and why the whole failed with the last',
    [calling, called('failed', [refused, patch('a', 'done'), patch('b', 'failed', 'answered 403')], '1 of 2 refused')],
    [
      ['both', 'failed', 'answered 400'],
      ['a', 'done'],
      ['b', 'failed', 'answered 403; 1 of 2 refused'],
    ],
  ],
  [
    'why the last was refused is not told twice',
    [calling, called('failed', [patch('a', 'done'), patch('b', 'failed', 'refused (request id 7)')], 'refused')],
    [
      ['a', 'done'],
      ['b', 'failed', 'refused (request id 7)'],
    ],
  ],
  [
    'what was put back is told with why',
    [calling, called('failed', [patch('a', 'done'), patch('c', 'done')], 'one more went; it was put back')],
    [
      ['a', 'done'],
      ['c', 'done', 'one more went; it was put back'],
    ],
  ],
  [
    'a lost answer leaves in doubt what it answers to, not what was answered before',
    [calling, called('unknown', [patch('a', 'done'), patch('b', 'unknown', 'no answer')], 'no answer')],
    [
      ['a', 'done'],
      ['b', 'unknown', 'no answer'],
    ],
  ],
  [
    'and it is proved once the step has read back that it is done',
    [calling, called('unknown', [patch('a', 'done'), patch('b', 'unknown', 'no answer')]), ...done('empty-groups')],
    [
      ['a', 'done'],
      ['b', 'proved', 'no answer'],
    ],
  ],
  [
    'what was answered well and a read contradicts is not known to be done',
    [calling, called('unknown', [refused, patch('a', 'done'), patch('b', 'done')], 'one is still in it')],
    [
      ['both', 'failed', 'answered 400'],
      ['a', 'unknown'],
      ['b', 'unknown', 'one is still in it'],
    ],
  ],
  [
    'what is sent again after that is told by what became of that',
    [calling, called('unknown', [patch('both', 'unknown', 'no answer')]), calling, called('done')],
    [
      ['both', 'repeated', 'no answer'],
      ['both', 'done'],
    ],
  ],
  ['where nothing had to be sent it was so already', [calling, called('done', [])], [['both', 'already-so']]],
  [
    'what failed before it was sent was not sent, and nothing proves it later',
    [calling, called('unknown', [], 'the group could not be read'), ...done('empty-groups')],
    [['both', 'not-sent', 'the group could not be read']],
  ],
  ['what a process died over is told as announced', [calling], [['both', 'in-doubt']]],
])('M8: %s', (_rule, entries, expected) => {
  const { requests, chain } = reportOf('m1', journal(started(), ...entries));
  expect(requests.map(({ request: { body }, outcome, why }) => [body?.['member'], outcome, why])).toEqual(
    expected.map(([member, outcome, why]) => [member, outcome, why]),
  );
  expect(chain).toMatchObject({ sound: true });
});

test('a call that went out as announced, with the fate of the whole, needs no second telling', () => {
  const once = { ...request, outcome: 'done' } as const;
  expect(sentBeside(request, 'done', [{ ...once }])).toEqual({});
  // Read back, it was not so: the outcome of the call says it.
  expect(sentBeside(request, 'unknown', [{ ...once }])).toEqual({});
  expect(sentBeside(request, 'failed', [{ ...once, outcome: 'failed', why: 'x' }])).toEqual({});
  const gone = { method: 'PATCH', path: '/Groups/g', body: { member: 'both' }, outcome: 'failed' } as const;
  expect(sentBeside(request, 'done', [gone])).toEqual({ sent: [gone] });
  expect(sentBeside(request, 'done', [{ ...once, body: { member: 'a' } }])).toMatchObject({ sent: [{}] });
  expect(sentBeside(request, 'done', [])).toEqual({ sent: [] });
});

test('of a chunk of thousands that is halved until each stands alone, what was refused is kept without its body', () => {
  const ids = Array.from({ length: 4096 }, (_, n) => `5c1a0002-0000-4000-8000-00000000${n}`);
  const writes: SentWrite[] = [];
  const halve = (part: readonly string[]): void => {
    const alone = part.length === 1;
    writes.push({ ...patch('', alone ? 'done' : 'failed'), body: { value: part.map((value) => ({ value })) } });
    if (!alone) for (const half of [part.slice(0, part.length / 2), part.slice(part.length / 2)]) halve(half);
  };
  halve(ids);
  const kept = writes.map(asKept);
  const size = (of: readonly SentWrite[]) => JSON.stringify(of).length;
  expect(kept).toHaveLength(2 * ids.length - 1);
  expect(kept.filter(({ outcome }) => outcome === 'done').every(({ body }) => body !== undefined)).toBe(true);
  expect(kept[0]).toEqual({
    method: 'PATCH',
    path: '/Groups/g',
    outcome: 'failed',
    leftOut: JSON.stringify(writes[0]?.body).length,
  });
  expect(size(kept)).toBeLessThan(size(writes) / 2);
  expect(size(kept)).toBeLessThan(400 * ids.length);
});
