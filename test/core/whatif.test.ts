import { describe, expect, test } from 'vitest';
import { whatIfUnassigned } from '../../src/core/whatif.ts';
import { aSnapshot, assignGroup, assignUser, aUser, theRules } from '../builders.ts';

const directory = aSnapshot({
  users: [aUser('ann'), aUser('ben'), aUser('cat'), aUser('dan', { enabled: false }), aUser('eve')],
  groups: { it: { name: 'IT', users: ['ann', 'ben', 'dan'] }, ops: { name: 'Ops', users: ['ben', 'eve'] } },
  assignments: [assignGroup('it'), assignGroup('ops'), assignUser('cat'), assignUser('eve')],
});

function ask(...groups: string[]) {
  const { loses, keeps, unassigned } = whatIfUnassigned(directory, theRules(), groups);
  return { loses: loses.map(({ anchor }) => anchor), keeps: keeps.map(({ anchor }) => anchor), unassigned };
}

describe('what if groups were unassigned', () => {
  test.each([
    ['whoever has no other way loses access', ['it'], { loses: ['ann', 'dan'], keeps: ['ben'] }],
    ['a direct assignment keeps access', ['ops'], { loses: [], keeps: ['ben', 'eve'] }],
    [
      'two groups together are no longer a way for each other',
      ['it', 'ops'],
      { loses: ['ann', 'ben', 'dan'], keeps: ['eve'] },
    ],
  ])('%s', (_name, groups, expected) => {
    expect(ask(...groups)).toEqual({ ...expected, unassigned: [] });
  });

  test('a group that is not assigned is named and takes nothing from anybody', () => {
    expect(ask('nobody')).toEqual({ loses: [], keeps: [], unassigned: ['nobody'] });
  });

  test('tells whom a scoping filter leaves out, who have no access to lose', () => {
    const sales = { name: 'Sales', clauses: [{ attribute: 'department', is: 'equals' as const, value: 'Sales' }] };
    const rules = theRules({ scope: { groups: true, nestedGroups: 'direct', filters: [sales] } });
    const users = [
      aUser('ann', { attributes: { department: 'Sales' } }),
      aUser('ben', { attributes: { department: 'IT' } }),
    ];
    const assigned = aSnapshot({ users, groups: { it: { users: ['ann', 'ben'] } }, assignments: [assignGroup('it')] });
    const { loses } = whatIfUnassigned(assigned, rules, ['it']);
    expect(loses.map(({ anchor, filtered }) => [anchor, filtered])).toEqual([
      ['ann', undefined],
      ['ben', true],
    ]);
  });

  test('says through what access is lost and through what it is kept', () => {
    const { keeps, loses } = whatIfUnassigned(directory, theRules(), ['it']);
    expect(keeps[0]).toMatchObject({ lost: [{ groupName: 'IT' }], kept: [{ groupName: 'Ops' }] });
    expect(loses.find(({ anchor }) => anchor === 'dan')?.enabled).toBe(false);
  });
});
