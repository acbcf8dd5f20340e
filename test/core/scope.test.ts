import { describe, expect, test } from 'vitest';
import { pathsOf, scopeOf } from '../../src/core/scope.ts';
import { describePaths } from '../../src/core/reasons.ts';
import { aSnapshot, assignGroup, assignUser, type Organisation } from '../builders.ts';

interface Row {
  readonly rule: string;
  readonly organisation: Organisation;
  readonly nestedGroups?: 'direct' | 'expand';
  readonly user: string;
  readonly paths: string;
}

const rows: readonly Row[] = [
  {
    rule: 'a directly assigned user is reached directly',
    organisation: { assignments: [assignUser('ada')] },
    user: 'ada',
    paths: 'directly',
  },
  {
    rule: 'a member of an assigned group is reached through it',
    organisation: { assignments: [assignGroup('it')], groups: { it: { name: 'IT', users: ['ada'] } } },
    user: 'ada',
    paths: 'through group IT',
  },
  {
    rule: 'every path counts, not only the first',
    organisation: {
      assignments: [assignUser('ada'), assignGroup('it'), assignGroup('hr')],
      groups: { it: { name: 'IT', users: ['ada'] }, hr: { name: 'HR', users: ['ada'] } },
    },
    user: 'ada',
    paths: 'directly, through group HR and through group IT',
  },
  {
    rule: 'members of a nested group are not reached when only direct members count',
    organisation: {
      assignments: [assignGroup('outer')],
      groups: { outer: { nested: ['inner'] }, inner: { users: ['ada'] } },
    },
    user: 'ada',
    paths: '',
  },
  {
    rule: 'members of a nested group are reached when nested groups are expanded',
    organisation: {
      assignments: [assignGroup('outer')],
      groups: { outer: { name: 'Outer', nested: ['inner'] }, inner: { users: ['ada'] } },
    },
    nestedGroups: 'expand',
    user: 'ada',
    paths: 'through group Outer (nested)',
  },
  {
    rule: 'a group that contains itself through another does not run for ever',
    organisation: {
      assignments: [assignGroup('a')],
      groups: { a: { name: 'A', nested: ['b'] }, b: { nested: ['a'], users: ['ada'] } },
    },
    nestedGroups: 'expand',
    user: 'ada',
    paths: 'through group A (nested)',
  },
  {
    rule: 'a service principal among the assignments reaches nobody',
    organisation: { assignments: [{ ...assignUser('ada'), principalKind: 'service-principal' }] },
    user: 'ada',
    paths: '',
  },
];

describe('scope', () => {
  test.each(rows)('$rule', ({ organisation, nestedGroups = 'direct', user, paths }) => {
    const snapshot = aSnapshot(organisation);
    const scope = scopeOf(snapshot, { scope: { groups: true, nestedGroups } });
    expect(describePaths(pathsOf(scope, snapshot, user))).toBe(paths);
    expect(scope.reach.has(user)).toBe(paths !== '');
  });
});
