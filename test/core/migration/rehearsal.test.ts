import { describe, expect, test } from 'vitest';
import { canaryMember } from '../../../src/core/migration/canary-member.ts';
import { countOutcomes, peopleOf, type RehearsedAccount } from '../../../src/core/migration/rehearsal.ts';
import type { Survey, SurveyedGroup, SurveyedUser } from '../../../src/core/migration/survey.ts';

function account(id: string, differences: Partial<RehearsedAccount> = {}): RehearsedAccount {
  return { id, userName: `${id}@contoso.example`, active: true, groups: ['IT'], ...differences };
}

function outcomeOf(before: RehearsedAccount, after: readonly RehearsedAccount[]): string | undefined {
  const facts = { owners: new Map(), causes: new Map(), findings: [] };
  return peopleOf({ before: [before], after, ...facts })[0]?.outcome;
}

describe('what becomes of a person', () => {
  test.each([
    ['the same account, out of the group, is kept', account('1'), [account('1', { groups: [] })], 'keeps'],
    [
      'one that was inactive and still is, is kept',
      account('1', { active: false }),
      [account('1', { active: false })],
      'keeps',
    ],
    ['one that is gone is lost', account('1'), [account('2')], 'loses'],
    ['one that is inactive now is lost', account('1'), [account('1', { active: false })], 'loses'],
    ['one that was inactive and is gone is lost too', account('1', { active: false }), [], 'loses'],
    ['one that became active has changed', account('1', { active: false }), [account('1')], 'changes'],
    ['one that has another name has changed', account('1'), [account('1', { userName: 'x' })], 'changes'],
  ])('%s', (_rule, before, after, outcome) => {
    expect(outcomeOf(before, after)).toBe(outcome);
  });

  test('whoever loses it comes first, with the write that took it; then whoever stands in the way, with the finding', () => {
    const people = peopleOf({
      before: [account('1'), account('2'), account('3')],
      after: [account('1'), account('2')],
      owners: new Map([
        ['1', { anchor: 'a1', label: 'ada' }],
        ['3', { anchor: 'a3', label: 'zoe' }],
      ]),
      causes: new Map([['3', 'DELETE /Groups/9']]),
      findings: [
        { code: 'removals-due', severity: 'refuse', text: '', anchors: ['a1'] },
        { code: 'dynamic-group', severity: 'note', text: '', anchors: ['a1'] },
      ],
    });
    expect(people.map(({ label, outcome, why }) => [label, outcome, why])).toEqual([
      ['zoe', 'loses', 'DELETE /Groups/9'],
      ['ada', 'keeps', 'removals-due'],
      ['2@contoso.example', 'keeps', undefined],
    ]);
    expect(countOutcomes(people)).toEqual({ keeps: 2, changes: 0, loses: 1 });
  });
});

test('of those who keep their account, whose groups change come before those whom nothing changes', () => {
  const people = peopleOf({
    before: [account('1'), account('2'), account('3')],
    after: [account('1'), account('2', { groups: [] }), account('3', { groups: ['Other'] })],
    owners: new Map(),
    causes: new Map(),
    findings: [],
  });
  expect(people.map((person) => person.account)).toEqual(['2', '3', '1']);
});

describe('the canary among members', () => {
  const group = (anchor: string, members?: readonly string[]): SurveyedGroup => ({
    anchor,
    name: anchor,
    assignments: [],
    members: members?.length ?? 0,
    scimGroup: { id: anchor, foreign: 0, ...(members === undefined ? {} : { members }) },
  });

  const survey = (groups: readonly SurveyedGroup[], more: Partial<Pick<Survey, 'users' | 'accounts'>> = {}) => ({
    groups,
    users: [],
    accounts: [],
    ...more,
  });
  const user = (id: string, ...groups: readonly string[]): SurveyedUser => ({
    anchor: `a${id}`,
    label: id,
    enabled: true,
    account: { id, active: true },
    paths: groups.map((name) => ({ kind: 'group', assignment: name, roleId: 'user', group: name })),
    missing: [],
    covered: true,
  });

  test('is somebody in the fewest of the groups, so that leaving one shows what leaving the last one does', () => {
    const two = [group('g1', ['1', '2']), group('g2', ['1', '3'])];
    expect(canaryMember(survey(two))).toEqual({ group: 'g1', member: '2' });
    expect(canaryMember(survey([group('g1', ['1']), group('g2', ['1'])]))).toEqual({ group: 'g1', member: '1' });
  });

  test('is somebody in no group that stays, if there is one', () => {
    const users = [user('1', 'g1', 'stays'), user('2', 'g1')];
    expect(canaryMember(survey([group('g1', ['1', '2'])], { users }))).toEqual({ group: 'g1', member: '2' });
  });

  test('is somebody whose account was active: nobody would miss another', () => {
    const accounts = [{ anchor: 'a2', id: '2', label: '2' }];
    expect(canaryMember(survey([group('g1', ['1', '2'])], { accounts }))).toEqual({ group: 'g1', member: '2' });
  });

  test('is one who is in a group now, where somebody has left it since', () => {
    const groups = [group('g1', ['1', '2'])];
    expect(canaryMember(survey(groups), [group('g1', ['2'])])).toEqual({ group: 'g1', member: '2' });
  });

  test('is nobody where no member is shown', () => {
    expect(canaryMember(survey([group('g1'), group('g2', [])]))).toBeUndefined();
  });
});
