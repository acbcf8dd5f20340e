import { describe, expect, test } from 'vitest';
import { judge } from '../../../src/core/guards.ts';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import type { PlanInput } from '../../../src/core/planning/plan-input.ts';
import type { ScimGroup } from '../../../src/core/scim.ts';
import { newGroupOwner } from '../../../src/core/whose-group.ts';
import {
  aLink,
  anAccount,
  aPlanInput,
  aScimGroup,
  assignGroup,
  assignUser,
  aUser,
  theGuardContext,
  theProfile,
} from '../../builders.ts';

const { groups, attributes } = theProfile();
const KNOWN = [
  { anchor: 'it', name: 'IT of today' },
  { anchor: 'hr', name: 'HR' },
];

/** Whose the SCIM group is that was linked for the directory group `it`, known as IT. */
function whose(group: Partial<ScimGroup>, profile = theProfile()): string | undefined {
  return newGroupOwner({ anchor: 'it', label: 'IT' }, aScimGroup('g', 'Anything', group), profile, KNOWN);
}

describe('a SCIM group', () => {
  test.each<readonly [string, Partial<ScimGroup>, RegExp]>([
    ['shows the id of another', { externalId: 'hr' }, /"Anything" and externalId "hr": HR \(hr\)/],
    ['has the name of another', { displayName: 'hr' }, /displayName "hr": HR \(hr\)/],
    ['has an id that is not theirs', { externalId: 'x' }, /externalId "x", and theirs is "it"/],
  ])('is another group’s when it %s', (_when, group, expected) => {
    expect(whose(group)).toMatch(expected);
  });

  test.each<readonly [string, Partial<ScimGroup>]>([
    ['has its id, whatever its name', { displayName: 'HR', externalId: 'it' }],
    ['has the name it had, whatever its id', { displayName: 'it', externalId: 'hr' }],
    ['has the name it is to have', { displayName: 'IT of today', externalId: 'x' }],
    ['has a name nobody has, and no id', {}],
  ])('is theirs, or cannot be told from theirs, when it %s', (_when, group) => {
    expect(whose(group)).toBeUndefined();
  });

  test('is not known by its name where groups keep their old ones, nor by an id that the provider does not keep', () => {
    expect(whose({ displayName: 'HR' }, theProfile({ groups: { ...groups, rename: false } }))).toBeUndefined();
    const unsupported = [...attributes.unsupported, 'externalId'];
    expect(whose({ externalId: 'x' }, theProfile({ attributes: { ...attributes, unsupported } }))).toBeUndefined();
  });
});

/** ada in the group `it`, whose account has become somebody else's; bob, who reports to her, is not in it yet. */
function adaGivenAway(changes: Parameters<typeof aPlanInput>[1] = {}): PlanInput {
  const input = aPlanInput(
    {
      users: [aUser('ada'), aUser('bob', { manager: 'ada' })],
      groups: { it: { users: ['ada', 'bob'] } },
      assignments: [assignGroup('it'), assignUser('ada'), assignUser('bob')],
    },
    {
      links: [aLink('ada'), aLink('bob'), aLink('it', { resource: 'group' })],
      provider: {
        accounts: [anAccount('id-ada', 'eve@contoso.com'), anAccount('id-bob', 'bob@contoso.com')],
        groups: [aScimGroup('id-it', 'Group it', { externalId: 'it' })],
      },
      ...changes,
    },
  );
  return { ...input, givenAway: new Map([['ada', 'it is that of eve']]) };
}

describe('what is planned for somebody whose account is another’s', () => {
  test('is held, says whose it is, and names the way out', () => {
    const input = adaGivenAway();
    const { findings } = judge({ ...theGuardContext(), ...input, ...planCycle(input) });
    expect(findings).toMatchObject([
      {
        guard: 'matching-collision',
        effect: 'hold',
        message: 'update ada@contoso.com: account id-ada is not theirs any more; it is that of eve',
        remedy: expect.stringContaining('forget-vanished -c acme'),
        operations: ['1:account:update:ada'],
      },
    ]);
  });

  test('puts that account into no group, and makes it nobody’s manager', () => {
    const { operations } = planCycle(adaGivenAway()).plan;
    expect(operations.flatMap((one) => (one.kind === 'members' ? [one.add, one.remove] : []))).toEqual([['bob'], []]);
    expect(operations.flatMap((one) => ('references' in one ? one.references : []))).toEqual([]);
  });

  test('is no change made by hand that a policy could leave alone', () => {
    const causes = { known: true, users: new Set<string>(), groups: new Set<string>(), memberships: true } as const;
    const input = { ...adaGivenAway({ rules: { drift: 'report' } }), causes };
    const { plan, drift } = planCycle(input);
    expect(plan.operations.map(({ key }) => key)).toContain('1:account:update:ada');
    expect(drift?.findings).toContainEqual(
      expect.objectContaining({ anchor: 'ada', text: expect.stringContaining('it is that of eve') }),
    );
  });
});

test('the group that would be made beside the SCIM group that is its own by now waits with it', () => {
  const input = aPlanInput(
    { groups: { it: {}, hr: { name: 'HR' } }, assignments: [assignGroup('it'), assignGroup('hr')] },
    {
      links: [aLink('it', { resource: 'group' })],
      provider: { groups: [aScimGroup('id-it', 'HR', { externalId: 'hr' })] },
    },
  );
  const { findings } = judge({ ...theGuardContext(), ...input, ...planCycle(input) });
  expect(findings.map(({ operations }) => operations)).toEqual([['2:group:update:it', '2:group:create:hr']]);
});
