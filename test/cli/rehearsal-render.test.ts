import { expect, test } from 'vitest';
import { createPaint } from '../../src/cli/render/paint.ts';
import { consentWords } from '../../src/cli/render/migration.ts';
import { renderRehearsal } from '../../src/cli/render/rehearsal.ts';
import type { Rehearsal } from '../../src/core/migration/rehearsal.ts';
import { testIo } from './builders.ts';

const REHEARSAL: Rehearsal = {
  connection: 'acme',
  kind: 'remove-groups',
  groups: [],
  copied: { users: 1, directoryGroups: 1, assignments: 1, accounts: 1, scimGroups: 1, links: 1 },
  assumed: [],
  hindrances: [
    { code: 'user-disabled', text: 'ann may not sign in' },
    { code: 'paused', text: 'the connection is paused' },
  ],
  findings: [
    { code: 'user-disabled', severity: 'consent', text: 'ann may not sign in', anchors: ['ann'] },
    { code: 'job-missing', severity: 'consent', text: 'accepted already', anchors: [] },
  ],
  end: { result: 'not-started', text: 'not begun' },
  people: [],
  counts: { keeps: 0, changes: 0, loses: 0 },
  groupsLeft: [],
  requests: [],
  unknown: [],
  safe: false,
};

test('a rehearsal that lacks a consent says, as a plan does, how to give it, after what none helps against', () => {
  const shown = renderRehearsal(REHEARSAL, createPaint(testIo().stdout, false), 40);
  expect(shown).toMatch(
    /Not like this: see above\. To be mended first, and not to be accepted: paused\. And then, if the rest is meant: --accept user-disabled$/,
  );
});

test('what a rehearsed migration says at its end is not to be taken for what happened', () => {
  const end = { result: 'aborted', step: 'canary', text: "Entra's own provisioning was paused" } as const;
  const shown = renderRehearsal({ ...REHEARSAL, end }, createPaint(testIo().stdout, false), 40);
  expect(shown).toContain("aborted at canary, on the copy alone: Entra's own provisioning was paused");
});

test('whose account was not active before either is told apart: the migration itself speaks of active ones', () => {
  const person = { label: 'ann', account: '1', outcome: 'keeps', groupsBefore: ['IT'], groupsAfter: [] } as const;
  const people: Rehearsal['people'] = [
    { ...person, activeBefore: true, activeAfter: true },
    { ...person, activeBefore: false, activeAfter: false },
  ];
  const counts = { keeps: 2, changes: 0, loses: 0 };
  const shown = renderRehearsal({ ...REHEARSAL, people, counts }, createPaint(testIo().stdout, false), 40);
  expect(shown).toContain(
    '\n2 keep their account as it is (1 of them inactive, before and after), 0 change, 0 lose it.',
  );
  expect(shown).toMatch(/SCIM GROUPS +AFTERWARDS +WHY\n.*IT +none\n/);
});

const ANN = { label: 'ann', account: '1', outcome: 'keeps', activeBefore: true, activeAfter: true } as const;
const shownOf = (more: Partial<Rehearsal>, most = 40) =>
  renderRehearsal({ ...REHEARSAL, ...more }, createPaint(testIo().stdout, false), most);

test('people nothing becomes of are counted, and shown where all are asked for', () => {
  const people = [
    { ...ANN, groupsBefore: ['IT'], groupsAfter: [] },
    { ...ANN, label: 'bea', groupsBefore: ['Crew'], groupsAfter: ['Crew'] },
    { ...ANN, label: 'cyd', groupsBefore: [], groupsAfter: [] },
  ];
  expect(shownOf({ people })).toMatch(/ ann [^]*\n2 accounts and their groups stay as they are; with --all/);
  expect(shownOf({ people })).not.toMatch(/bea|cyd/);
  expect(shownOf({ people }, Infinity)).toMatch(/ ann [^]* bea [^]* cyd [^]*none/);
  expect(shownOf({ people: people.slice(1) })).not.toContain('OUTCOME');
});

test('of many writes those that take something away, and those that went wrong, are all shown', () => {
  const assigned = (name: string, outcome: 'done' | 'failed') => ({
    at: 0,
    what: `assign ${name} directly`,
    request: { to: 'directory', method: 'POST', path: '/servicePrincipals/sp/appRoleAssignedTo' } as const,
    outcome,
  });
  const removal = {
    at: 0,
    what: 'delete group IT',
    request: { to: 'provider', method: 'DELETE', path: '/Groups/1' },
    outcome: 'done',
  } as const;
  const many = Array.from({ length: 9 }, (_, index) => assigned(`user${index}`, 'done'));
  const shown = shownOf({ requests: [...many, assigned('zoe', 'failed'), removal] }, 4);
  expect(shown).toContain('\n11 writes would be sent, 9 direct assignments and 2 others:\n');
  expect(shown).toMatch(/assign user1 directly[^]*assign zoe directly[^]*delete group IT/);
  expect(shown).toContain('… and 7 more direct assignments; all with --all or --json');
  expect(shown).not.toContain('user2');
});

test('where no write was sent and nobody was looked at, that is said, and no empty table is shown', () => {
  const shown = renderRehearsal(REHEARSAL, createPaint(testIo().stdout, false), 40);
  expect(shown).toContain('\nNo write was sent on the copy.\n');
  expect(shown).toContain('\nNo account was on the copy.\n');
  expect(shown).not.toMatch(/REQUEST|WHO/);
});

test.each([
  [[], ''],
  [[['user-disabled', 'consent']], ' If that is meant: --accept user-disabled'],
  [[['removals-due', 'refuse']], ' To be mended first, and not to be accepted: removals-due.'],
  [
    [
      ['removals-due', 'refuse'],
      ['user-disabled', 'consent'],
      ['user-disabled', 'consent'],
    ],
    ' To be mended first, and not to be accepted: removals-due. And then, if the rest is meant: --accept user-disabled',
  ],
] as const)('what stands in the way as %j is told in its order: mended first, accepted then', (obstacles, words) => {
  expect(consentWords(obstacles.map(([code, severity]) => ({ code, severity })))).toBe(words);
});
