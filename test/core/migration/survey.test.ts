import { describe, expect, test } from 'vitest';
import { obstacles } from '../../../src/core/migration/findings.ts';
import type { Assignment } from '../../../src/core/directory.ts';
import type { PlanInput } from '../../../src/core/planning/plan-input.ts';
import type { ProviderProfile } from '../../../src/core/profile.ts';
import { aGroup, assignGroup, assignUser, aUser, ROLE } from '../../builders.ts';
import { aSurvey, guide, OPTIONS, surveyWith } from './builders.ts';

function codes(input: PlanInput, severity?: string): readonly string[] {
  return aSurvey('remove-groups', input)
    .findings.filter((finding) => severity === undefined || finding.severity === severity)
    .map(({ code }) => code);
}

function withProfile(groups: Partial<ProviderProfile['groups']>): PlanInput {
  const input = guide();
  return { ...input, profile: { ...input.profile, groups: { ...input.profile.groups, ...groups } } };
}

function withGroup(group: Partial<ReturnType<typeof aGroup>>): PlanInput {
  const input = guide();
  return {
    ...input,
    directory: { ...input.directory, groups: new Map([['it', { ...aGroup('it', 'IT'), ...group }]]) },
  };
}

describe('M1: the survey', () => {
  test('M1: tells who is reached only through the groups, and what they lack', () => {
    const survey = aSurvey();
    expect(survey.uncovered).toEqual(['ann']);
    expect(survey.users.map(({ anchor, missing, covered }) => [anchor, missing.length, covered])).toEqual([
      ['ann', 1, false],
      ['ben', 0, true],
    ]);
    expect(survey.accounts.map(({ id }) => id)).toEqual(['id-ann', 'id-ben']);
  });

  test('M5: a SCIM group that shows nobody, where people with accounts belong, is not taken for an empty one', () => {
    const input = guide();
    const groups = input.inventory.groups.resources.map((group) => ({ ...group, members: [] }));
    const hidden = {
      ...input,
      inventory: { ...input.inventory, groups: { ...input.inventory.groups, resources: groups } },
    };
    expect(codes(hidden, 'refuse')).toContain('members-doubtful');
    expect(codes(input)).not.toContain('members-doubtful');
    // It is so once a migration has emptied the group: that stops nothing, and is nothing else to say yes to.
    const survey = aSurvey('remove-groups', hidden);
    expect(obstacles(survey, OPTIONS, 'going-on')).toEqual([]);
  });

  test('M1: counts another role as missing although the user has a way in', () => {
    const input = guide({
      assignments: [assignGroup('it', 'admin'), assignUser('ben', 'reader'), assignUser('ann', 'admin')],
    });
    const missing = aSurvey('remove-groups', input).users.map(({ missing: roles }) => roles);
    expect(missing).toEqual([[], ['admin']]);
  });

  test.each<readonly [string, PlanInput, string]>([
    [
      'a group-only user who is disabled in the directory',
      guide({ users: [aUser('ann', { enabled: false }), aUser('ben')] }),
      'user-disabled',
    ],
    [
      'a member without an account',
      { ...guide(), links: guide().links.filter(({ anchor }) => anchor !== 'ann') },
      'user-unlinked',
    ],
    [
      'a removal that is due',
      guide({ groups: { it: { name: 'IT', users: ['ben'] } }, whereabouts: { ann: 'present' } }),
      'removals-due',
    ],
    ['a read that was not proved complete', guide({ gaps: [{ what: 'members of IT' }] }), 'incomplete-read'],
    [
      'a group that is neither assigned nor provisioned',
      {
        ...guide({ assignments: [assignUser('ann'), assignUser('ben')] }),
        links: guide().links.filter(({ anchor }) => anchor !== 'it'),
      },
      'unknown-group',
    ],
  ])('M1: refuses %s', (_name, input, code) => {
    expect(obstacles(aSurvey('remove-groups', input), OPTIONS).map((finding) => finding.code)).toContain(code);
  });

  test('a member whom a scoping filter leaves out is not lost by the migration, and lacks no account', () => {
    const input = guide({
      users: [
        aUser('ann', { attributes: { department: 'IT' } }),
        aUser('ben', { attributes: { department: 'Sales' } }),
      ],
    });
    const sales = { name: 'Sales', clauses: [{ attribute: 'department', is: 'equals' as const, value: 'Sales' }] };
    const filtered = {
      ...input,
      rules: { ...input.rules, scope: { ...input.rules.scope, filters: [sales] } },
      links: input.links.filter(({ anchor }) => anchor !== 'ann'),
    };
    const survey = aSurvey('remove-groups', filtered);
    expect(survey.findings.filter(({ anchors }) => anchors.includes('ann'))).toMatchObject([
      { code: 'user-filtered', severity: 'note' },
    ]);
    expect(survey.users.find(({ anchor }) => anchor === 'ann')).toMatchObject({ filtered: true, missing: [ROLE] });
    expect(codes(filtered, 'refuse')).toEqual([]);
  });

  test('a finding that may be accepted stands in the way until it is accepted by name', () => {
    const survey = aSurvey(
      'remove-groups',
      guide({ users: [aUser('ann', { enabled: false }), aUser('ben')], whereabouts: {} }),
    );
    const disabled = (accept: readonly 'user-disabled'[]) =>
      obstacles(survey, { accept }).some(({ code }) => code === 'user-disabled');
    expect([disabled([]), disabled(['user-disabled'])]).toEqual([true, false]);
  });

  test.each<readonly [string, PlanInput, string, string]>([
    [
      'members that cannot be read are asked about',
      {
        ...guide(),
        inventory: {
          ...guide().inventory,
          groups: { resources: [{ id: 'g-it', displayName: 'IT', externalId: 'it' }], trusted: true, doubts: [] },
        },
      },
      'consent',
      'members-unreadable',
    ],
    ['a dynamic group is told', withGroup({ dynamic: true }), 'note', 'dynamic-group'],
    ['an on-premises group is told', withGroup({ onPremises: true }), 'note', 'on-premises-group'],
    ['a mail-enabled group is told', withGroup({ mailEnabled: true }), 'note', 'mail-enabled-group'],
    ['a role-assignable group is told', withGroup({ roleAssignable: true }), 'note', 'role-assignable-group'],
    [
      'groups inside groups are told',
      guide({ groups: { it: { name: 'IT', users: ['ann', 'ben'], nested: ['inner'] } } }),
      'note',
      'nested-groups',
    ],
    [
      'a provider that takes the members of a deleted group along is told',
      withProfile({ deleteCascades: true }),
      'note',
      'deletes-cascade',
    ],
    [
      'what people have by their SCIM groups alone is asked about, because it goes unseen',
      withProfile({ accessBeside: 'their place in an organisation' }),
      'consent',
      'access-by-groups',
    ],
  ])('%s', (_name, input, severity, code) => {
    expect(codes(input, severity)).toContain(code);
  });

  test('more direct assignments than Entra may allow are asked about', () => {
    const many = Array.from({ length: 1500 }, (_, n) => assignUser(`x${n}`));
    expect(codes(guide({ assignments: [assignGroup('it'), ...many] }), 'consent')).toContain('assignment-limit');
  });

  test('takes every assigned group when SCIM is to be switched off, and refuses one that is assigned later', () => {
    const input = guide({
      groups: { it: { name: 'IT', users: ['ann', 'ben'] }, ops: { name: 'Ops', users: ['ben'] } },
      assignments: [assignGroup('it'), assignGroup('ops')],
    });
    const whole = surveyWith({ connection: 'acme', kind: 'disable-scim', groups: [] }, input);
    expect(whole.groups.map(({ anchor }) => anchor)).toEqual(['it', 'ops']);
    const late = surveyWith({ connection: 'acme', kind: 'disable-scim', groups: ['it'] }, input);
    expect(late.findings.map(({ code }) => code)).toContain('group-added');
  });

  test('gives another digest when another person is concerned, and the same for the same facts', () => {
    expect(aSurvey().digest).toBe(aSurvey().digest);
    const joined = guide({
      users: [aUser('ann'), aUser('ben'), aUser('cat')],
      groups: { it: { name: 'IT', users: ['ann', 'ben', 'cat'] } },
    });
    expect(aSurvey('remove-groups', joined).digest).not.toBe(aSurvey().digest);
  });

  test('a group that stays covers its members, and only while it is assigned', () => {
    const groups = { it: { users: ['ann'] }, ops: { users: ['ann'] } };
    const uncovered = (...assignments: readonly Assignment[]) =>
      aSurvey('remove-groups', guide({ users: [aUser('ann')], groups, assignments })).uncovered;
    expect(uncovered(assignGroup('it'), assignGroup('ops'))).toEqual([]);
    expect(uncovered(assignGroup('it'))).toEqual(['ann']);
  });
});
