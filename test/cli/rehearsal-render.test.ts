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
  const people = [
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
