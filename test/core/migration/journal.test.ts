import { describe, expect, test } from 'vitest';
import { brokenAt, type JournalEntry, type MigrationCall } from '../../../src/core/migration/journal.ts';
import { reportOf } from '../../../src/core/migration/report.ts';
import { renderMigrationReport } from '../../../src/http/migration-report.ts';
import { aSurvey, done, journal, started, state } from './builders.ts';

const survey = aSurvey();
const call: MigrationCall = {
  key: 'assign ann',
  what: 'assign ann@contoso.com directly',
  request: {
    to: 'directory',
    method: 'POST',
    path: '/servicePrincipals/sp/appRoleAssignedTo',
    body: { principalId: 'ann' },
  },
  change: { kind: 'assign', application: 'sp', principal: 'ann', roleId: 'r' },
};
const calling: JournalEntry = { kind: 'calling', step: 'assign-directly', calls: [call] };
const called: JournalEntry = { kind: 'called', step: 'assign-directly', outcomes: [{ key: call.key, state: 'done' }] };
const looked = { kind: 'surveyed', purpose: 'start', survey } as const;

function verified(accounts = survey.accounts): JournalEntry {
  return { kind: 'verified', accounts, groupsLeft: [], waiting: 0, digest: 'x' };
}
const succeeded: JournalEntry = {
  kind: 'ended',
  result: 'succeeded',
  by: 'headgate',
  text: 'all there',
  frozen: false,
};

describe('a journal', () => {
  const lines = journal(started(), looked, calling, called, ...done('assign-directly'));

  test('fits together as it was written', () => {
    expect(brokenAt('m1', lines)).toBeUndefined();
  });

  test.each([
    ['a changed word', () => lines.map((line) => (line.sequence === 3 ? { ...line, entry: called } : line)), 3],
    ['a changed time', () => lines.map((line) => (line.sequence === 2 ? { ...line, at: 1 } : line)), 2],
    ['a line left out', () => lines.filter(({ sequence }) => sequence !== 4), 4],
    ['two lines exchanged', () => [lines[1], lines[0], ...lines.slice(2)].flatMap((line) => line ?? []), 1],
    ['nothing at all', () => [], 1],
  ] as const)('shows %s', (_name, tampered, at) => {
    expect(brokenAt('m1', tampered())).toBe(at);
  });

  test('shows that its last line is missing, or another, where it is known how it ended', () => {
    const last = lines.at(-1);
    const end = { lines: lines.length, hash: last?.hash ?? '' };
    expect(brokenAt('m1', lines, end)).toBeUndefined();
    expect(brokenAt('m1', lines.slice(0, -1))).toBeUndefined();
    expect(brokenAt('m1', lines.slice(0, -1), end)).toBe(lines.length);
    const rewritten = journal(...lines.slice(0, -1).map(({ entry }) => entry), called);
    expect(brokenAt('m1', rewritten, end)).toBe(lines.length);
    expect(brokenAt('m1', lines, { ...end, lines: 0 })).toBe(1);
    // A line may be added between the reads of the two.
    expect(brokenAt('m1', journal(...lines.map(({ entry }) => entry), called), end)).toBeUndefined();
    const { chain, passed } = reportOf('m1', lines.slice(0, -1), end);
    expect(chain).toMatchObject({ sound: false, brokenAt: lines.length });
    expect(passed).toBe(false);
  });

  test('is looked into from where it was found whole before, which must be there as it was', () => {
    const end = { lines: lines.length, hash: lines.at(-1)?.hash ?? '' };
    const at = (sequence: number) => ({ lines: sequence, hash: lines[sequence - 1]?.hash ?? '' });
    const changed = lines.map((line) => (line.sequence === 3 ? { ...line, entry: called } : line));
    expect(brokenAt('m1', lines, end, at(4))).toBeUndefined();
    expect(brokenAt('m1', changed, end, at(2))).toBe(3);
    expect(brokenAt('m1', changed, end, at(3))).toBeUndefined();
    expect(brokenAt('m1', lines, end, { ...at(4), hash: 'x' })).toBe(4);
  });

  test('is not that of another migration', () => {
    expect(brokenAt('m2', lines)).toBe(1);
  });

  test('an announced call without an outcome is in doubt and counts as made for a rollback', () => {
    const open = state(started(), looked, calling);
    expect(open.inDoubt).toEqual([call]);
    expect(state(started(), looked, calling, { kind: 'rollback', by: 'ada' }).made).toEqual([call]);
    expect(state(started(), looked, calling, called).inDoubt).toEqual([]);
  });
});

describe('M8: the report', () => {
  test('M8: passes when the same accounts by id are active before and after, and the groups are gone', () => {
    const report = reportOf('m1', journal(started(), looked, calling, called, verified(), succeeded));
    expect(report).toMatchObject({
      passed: true,
      chain: { sound: true },
      accounts: { lost: [] },
      groups: { left: [] },
    });
    expect(report.requests).toEqual([
      expect.objectContaining({ what: call.what, request: call.request, outcome: 'done' }),
    ]);
  });

  test('M8: names who was lost, and does not pass', () => {
    const report = reportOf('m1', journal(started(), looked, verified(survey.accounts.slice(1)), succeeded));
    expect(report.passed).toBe(false);
    expect(report.accounts.lost.map(({ anchor }) => anchor)).toEqual(['ann']);
  });

  test('M8: names whose loss ended it, also where nothing could be read as it ended, or they were back', () => {
    const lost = survey.accounts.slice(0, 1);
    const aborted: JournalEntry = { ...succeeded, result: 'aborted', frozen: true, lost };
    const unread = reportOf('m1', journal(started(), looked, aborted));
    expect(unread.accounts).toMatchObject({ before: survey.accounts, lost });
    expect(unread.accounts.after).toBeUndefined();
    const back = reportOf('m1', journal(started(), looked, { ...looked, purpose: 'end' }, aborted));
    expect(back).toMatchObject({ passed: false, accounts: { after: survey.accounts, lost } });
    expect(renderMigrationReport(back)).toContain('LOST');
  });

  test('M8: of a rollback is about what is there at its end, not what was verified before it', () => {
    const back: readonly JournalEntry[] = [{ kind: 'rollback', by: 'ada' }];
    const ended: JournalEntry = { ...succeeded, result: 'rolled-back' };
    const report = (...end: readonly JournalEntry[]) =>
      reportOf('m1', journal(started(), looked, verified(), ...back, ...end, ended));
    const found = { ...looked, purpose: 'end' } as const;
    expect(report(found)).toMatchObject({
      verdict: 'restored',
      passed: false,
      groups: { after: [{ anchor: 'it', assigned: true, scimGroup: 'g-it', members: 2 }] },
    });
    expect(report()).toMatchObject({ verdict: 'failed', groups: { before: [{ anchor: 'it' }] } });
    expect(report().groups.after).toBeUndefined();
    const groups = survey.groups.map((group) => ({ ...group, assignments: [] }));
    expect(report({ ...found, survey: { ...survey, groups } }).verdict).toBe('failed');
    const accounts = survey.accounts.slice(1);
    expect(report({ ...found, survey: { ...survey, accounts } }).verdict).toBe('failed');
  });

  test('M9: of a rollback does not pass while it has left a direct assignment of its own', () => {
    const ended: JournalEntry = { ...succeeded, result: 'rolled-back' };
    const report = (stays?: readonly string[]) =>
      reportOf(
        'm1',
        journal(
          started(),
          looked,
          { kind: 'rollback', by: 'ada' },
          { ...looked, purpose: 'end' },
          { kind: 'done', step: 'report', ...(stays && { stays }) },
          ended,
        ),
      );
    expect(report().verdict).toBe('restored');
    expect(report(['withdraw a1']).verdict).toBe('failed');
  });

  test('M8, M9: of a rollback after an abort is not about what was found as it was aborted', () => {
    const found: JournalEntry = { ...looked, purpose: 'end', survey: { ...survey, accounts: [] } };
    const aborted: JournalEntry = { ...succeeded, result: 'aborted', frozen: true };
    const reported = reportOf('m1', journal(started(), looked, found, aborted, { kind: 'rollback', by: 'ada' }));
    expect(reported).toMatchObject({ result: 'open', accounts: { lost: [] } });
    expect(reported.accounts.after).toBeUndefined();
  });

  test('does not pass with a broken journal, or before it was verified', () => {
    const sound = journal(started(), looked, verified(), succeeded);
    const broken = sound.map((line) => (line.sequence === 3 ? { ...line, entry: verified([]) } : line));
    expect(reportOf('m1', broken)).toMatchObject({ passed: false, chain: { sound: false, brokenAt: 3 } });
    expect(reportOf('m1', journal(started(), looked)).passed).toBe(false);
    expect(reportOf('m1', journal(started(), looked, calling)).requests[0]?.outcome).toBe('in-doubt');
  });

  test('is a page by itself, and names of people cannot be markup in it', () => {
    const [first, ...rest] = survey.accounts;
    const accounts = first === undefined ? [] : [{ ...first, label: '<script>alert(1)</script>' }, ...rest];
    const page = renderMigrationReport(
      reportOf('m1', journal(started(), { ...looked, survey: { ...survey, accounts } }, verified(accounts), succeeded)),
    );
    expect(page).toContain('Passed:');
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toMatch(/<script|src=|href=/);
  });
});
