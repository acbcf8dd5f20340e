import { expect, test } from 'vitest';
import { cycleRequests } from '../../../src/core/migration/cycle-requests.ts';
import type { Operation } from '../../../src/core/operation.ts';
import { DELETE_IT } from './builders.ts';

const request = { to: 'provider', method: 'DELETE', path: '/Groups/g%2Fit' };
const what = 'full cycle: delete SCIM group IT';
const refused = {
  code: 'Conflict',
  message: 'refused',
  request: { method: 'DELETE', collection: 'Groups', attributes: [] },
};

test.each<readonly [string, Partial<Parameters<typeof cycleRequests>[0][number]>, readonly object[]]>([
  [
    'what was sent is told as it was sent',
    { state: 'exported', exported: { resourceId: null, requests: 2, sent: [{ method: 'DELETE', path: '/Groups/x' }] } },
    [{ what, request: { ...request, path: '/Groups/x' }, outcome: 'done' }],
  ],
  [
    'what a dead process had sent is proved by what was read afterwards',
    { state: 'exported', exported: { resourceId: null, requests: 1 } },
    [{ what, request, outcome: 'proved' }],
  ],
  [
    'nothing was sent for what was so already',
    { state: 'exported', exported: { resourceId: null, requests: 1, sent: [] } },
    [],
  ],
  [
    'what was refused on the way to what was done is told beside it',
    {
      state: 'exported',
      exported: { resourceId: null, requests: 2 },
      sent: [
        { method: 'DELETE', path: '/Groups/x', outcome: 'failed', why: '412' },
        { method: 'DELETE', path: '/Groups/x', outcome: 'unknown', why: '500' },
        { method: 'DELETE', path: '/Groups/x', outcome: 'done' },
      ],
    },
    [
      { what, request: { ...request, path: '/Groups/x' }, outcome: 'overcome', why: '412' },
      { what, request: { ...request, path: '/Groups/x' }, outcome: 'repeated', why: '500' },
      { what, request: { ...request, path: '/Groups/x' }, outcome: 'done' },
    ],
  ],
  [
    'what was sent and not answered is proved by what was read afterwards, and told once',
    {
      state: 'exported',
      exported: { resourceId: null, requests: 1, settled: true },
      sent: [{ method: 'DELETE', path: '/Groups/x', outcome: 'unknown', why: '500' }],
    },
    [{ what, request: { ...request, path: '/Groups/x' }, outcome: 'proved', why: '500' }],
  ],
  [
    'what a dead process had sent after a refusal is told beside the refusal',
    {
      state: 'exported',
      exported: { resourceId: null, requests: 1, settled: true },
      sent: [{ method: 'DELETE', path: '/Groups/x', outcome: 'failed', why: '429' }],
    },
    [
      { what, request: { ...request, path: '/Groups/x' }, outcome: 'overcome', why: '429' },
      { what, request, outcome: 'proved' },
    ],
  ],
  [
    'what was put aside is told with each write, and why it was once',
    {
      state: 'escrowed',
      attempts: 1,
      failure: { ...refused, message: 'answered 412' },
      sent: [
        { method: 'DELETE', path: '/Groups/x', outcome: 'failed', why: 'answered 428' },
        { method: 'DELETE', path: '/Groups/x', outcome: 'failed', why: 'answered 412' },
      ],
    },
    [
      { what, request: { ...request, path: '/Groups/x' }, outcome: 'failed', why: 'answered 428' },
      { what, request: { ...request, path: '/Groups/x' }, outcome: 'failed', why: 'answered 412' },
    ],
  ],
  [
    'what was put aside before anything was sent was not sent',
    { state: 'escrowed', attempts: 1, failure: { code: 'x', message: 'it has 2 members' }, sent: [] },
    [],
  ],
  [
    'what was refused before the cycle was cancelled was sent',
    { state: 'cancelled', sent: [{ method: 'DELETE', path: '/Groups/x', outcome: 'failed', why: 'answered 429' }] },
    [
      {
        what,
        request: { ...request, path: '/Groups/x' },
        outcome: 'failed',
        why: 'answered 429; it failed, and was not sent again',
      },
    ],
  ],
  [
    'a refusal was sent',
    { state: 'escrowed', failure: refused },
    [{ what, request, outcome: 'failed', why: 'refused' }],
  ],
  [
    'what was put aside when it was planned was not',
    { state: 'escrowed', failure: { code: 'x', message: 'not due' } },
    [],
  ],
  ['what nobody knows stays in doubt', { state: 'in-doubt' }, [{ what, request, outcome: 'in-doubt' }]],
  [
    'what was tried before the cycle was cancelled may have been done',
    { state: 'cancelled', attempts: 1 },
    [{ what, request, outcome: 'unknown', why: 'it failed, and was not sent again' }],
  ],
  ['what was cancelled before it was sent is not told', { state: 'cancelled' }, []],
  [
    'what was refused for now and left to another cycle was sent, although that spends no attempt',
    { state: 'cancelled', failure: { ...refused, message: 'answered 429' } },
    [{ what, request, outcome: 'failed', why: 'answered 429' }],
  ],
  ['what a guard held is not told', { state: 'held' }, []],
])('M8: %s', (_rule, given, expected) => {
  expect(cycleRequests([{ operation: DELETE_IT, state: 'pending', attempts: 0, ...given }])).toEqual(expected);
});

test('M8: what was planned for a resource after what was put off was not sent, although it is given the same reason', () => {
  const members: Operation = {
    ...DELETE_IT,
    kind: 'members',
    key: '3:group:members:it',
    wave: 3,
    add: ['ada'],
    remove: [],
  };
  const ofCycle = { state: 'cancelled', attempts: 0, failure: refused } as const;
  const elsewhere: Operation = { ...DELETE_IT, anchor: 'hr', label: 'HR', resourceId: 'hr' };
  const told = cycleRequests([members, DELETE_IT, elsewhere].map((one) => ({ operation: one, ...ofCycle })));
  expect(told.map((one) => one.what)).toEqual([
    'full cycle: put 1 member into SCIM group IT',
    'full cycle: delete SCIM group HR',
  ]);
});
