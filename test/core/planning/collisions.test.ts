import { describe, expect, test } from 'vitest';
import { judge } from '../../../src/core/guards.ts';
import { compileMapping } from '../../../src/core/mapping/compile-mapping.ts';
import { DEFAULT_MAPPING } from '../../../src/core/mapping/default-mapping.ts';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import type { PlanInput } from '../../../src/core/planning/plan-input.ts';
import {
  aLink,
  anAccount,
  aPlanInput,
  aScimGroup,
  assignGroup,
  assignUser,
  aUser,
  theGuardContext,
} from '../../builders.ts';

/** Keys of the operations the matching guard holds. */
function heldByCollision(input: PlanInput): readonly string[] {
  const { plan, collisions } = planCycle(input);
  const { findings } = judge({
    ...theGuardContext(),
    plan,
    rules: input.rules,
    directory: input.directory,
    links: input.links,
    collisions,
  });
  const held = findings.flatMap(({ guard, operations }) => (guard === 'matching-collision' ? operations : []));
  return [...new Set(held)].toSorted();
}

/** userName from `mail`, which the directory does not keep unique. */
function matchedByMail(): PlanInput['mapping'] {
  const lines = DEFAULT_MAPPING.map((line) =>
    line.target === 'userName' ? { kind: 'direct' as const, source: 'mail', target: 'userName', match: 1 } : line,
  );
  const compiled = compileMapping(lines);
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
  return compiled.mapping;
}

describe('what two claim at the provider', () => {
  test('one account matched by two users is linked to neither', () => {
    const shared = { mail: 'desk@contoso.com' };
    const input = aPlanInput(
      {
        users: [aUser('ada', { attributes: shared }), aUser('bob', { attributes: shared })],
        assignments: [assignUser('ada'), assignUser('bob')],
      },
      { provider: { accounts: [anAccount('x', 'desk@contoso.com')] } },
    );
    expect(heldByCollision({ ...input, mapping: matchedByMail() })).toEqual([
      '1:account:update:ada',
      '1:account:update:bob',
    ]);
  });

  test('one account matched by the anchor of one user and the userName of another is linked to neither', () => {
    const account = anAccount('x', 'bob@contoso.com', { externalId: 'ada', body: { externalId: 'ada' } });
    const input = aPlanInput(
      { users: [aUser('ada'), aUser('bob')], assignments: [assignUser('ada'), assignUser('bob')] },
      { provider: { accounts: [account] } },
    );
    expect(heldByCollision(input)).toEqual(['1:account:update:ada', '1:account:update:bob']);
  });

  test('one SCIM group matched by two directory groups of one name is linked to neither, and keeps its members', () => {
    const input = aPlanInput(
      {
        users: [aUser('ada'), aUser('bob')],
        groups: { it1: { name: 'IT', users: ['ada'] }, it2: { name: 'IT', users: ['bob'] } },
        assignments: [assignGroup('it1'), assignGroup('it2')],
      },
      {
        links: [aLink('ada'), aLink('bob')],
        provider: {
          accounts: [anAccount('id-ada', 'ada@contoso.com'), anAccount('id-bob', 'bob@contoso.com')],
          groups: [aScimGroup('g', 'IT', { members: ['id-ada', 'id-bob'] })],
        },
      },
    );
    expect(heldByCollision(input)).toEqual([
      '2:group:update:it1',
      '2:group:update:it2',
      '3:group:members:it1',
      '3:group:members:it2',
    ]);
  });

  test('one account linked to two users is not taken from the one who stays', () => {
    const input = aPlanInput(
      { users: [aUser('ada')], assignments: [assignUser('ada')], whereabouts: { bob: 'present' } },
      {
        links: [aLink('ada', { resourceId: 'x' }), aLink('bob', { resourceId: 'x' })],
        provider: { accounts: [anAccount('x', 'ada@contoso.com')] },
      },
    );
    expect(heldByCollision(input)).toEqual(['0:account:disable:bob', '1:account:update:ada']);
  });

  test('one account linked to two users who both leave is disabled', () => {
    const input = aPlanInput(
      { users: [], whereabouts: { ada: 'present', bob: 'present' } },
      {
        links: [aLink('ada', { resourceId: 'x' }), aLink('bob', { resourceId: 'x' })],
        provider: { accounts: [anAccount('x', 'ada@contoso.com')] },
      },
    );
    expect(heldByCollision(input)).toEqual([]);
  });

  test('one SCIM group linked to two directory groups is neither deleted nor emptied for the one that left', () => {
    const input = aPlanInput(
      {
        users: [aUser('ada'), aUser('bob')],
        groups: { it: { name: 'IT', users: ['ada'] } },
        assignments: [assignGroup('it'), assignUser('bob')],
      },
      {
        links: [
          aLink('ada'),
          aLink('bob'),
          aLink('it', { resource: 'group', resourceId: 'g' }),
          aLink('old', { resource: 'group', resourceId: 'g' }),
        ],
        provider: {
          accounts: [anAccount('id-ada', 'ada@contoso.com'), anAccount('id-bob', 'bob@contoso.com')],
          groups: [aScimGroup('g', 'IT', { externalId: 'it', members: ['id-ada', 'id-bob'] })],
        },
      },
    );
    expect(heldByCollision(input)).toEqual(['3:group:members:it', '4:group:delete:old']);
  });

  test('a user deleted and made anew under the same name does not lose the account before somebody has looked', () => {
    const input = aPlanInput(
      {
        users: [aUser('ada-2', { attributes: { userPrincipalName: 'ada@contoso.com' } })],
        assignments: [assignUser('ada-2')],
        whereabouts: { ada: 'soft-deleted' },
      },
      { links: [aLink('ada')], provider: { accounts: [anAccount('id-ada', 'ada@contoso.com')] } },
    );
    expect(heldByCollision(input)).toEqual(['0:account:disable:ada', '1:account:create:ada-2']);
  });

  test('two users who swap names keep their own accounts, and nothing is held', () => {
    const named = (anchor: string, name: string) =>
      aUser(anchor, { attributes: { userPrincipalName: `${name}@contoso.com` } });
    const input = aPlanInput(
      { users: [named('ada', 'bob'), named('bob', 'ada')], assignments: [assignUser('ada'), assignUser('bob')] },
      {
        links: [aLink('ada'), aLink('bob')],
        provider: { accounts: [anAccount('id-ada', 'ada@contoso.com'), anAccount('id-bob', 'bob@contoso.com')] },
      },
    );
    expect(heldByCollision(input)).toEqual([]);
    expect(planCycle(input).plan.operations.map(({ kind, anchor }) => `${kind} ${anchor}`)).toEqual([
      'update ada',
      'update bob',
    ]);
  });
});

/** The same name, its accents in one character and in two. */
const COMPOSED = 'Ren\u00e9e';
const DECOMPOSED = 'Rene\u0301e';

describe('names whose accents are composed in two ways', () => {
  test('two users who map to one userName are held', () => {
    const input = aPlanInput({
      users: [
        aUser('ada', { attributes: { mail: `${COMPOSED}@contoso.com` } }),
        aUser('bob', { attributes: { mail: `${DECOMPOSED}@contoso.com` } }),
      ],
      assignments: [assignUser('ada'), assignUser('bob')],
    });
    expect(heldByCollision({ ...input, mapping: matchedByMail() })).toEqual([
      '1:account:create:ada',
      '1:account:create:bob',
    ]);
  });

  test('an account and a SCIM group that are there are matched, not made again', () => {
    const input = aPlanInput(
      {
        users: [aUser('ada', { attributes: { mail: `${DECOMPOSED}@contoso.com` } })],
        groups: { crew: { name: DECOMPOSED, users: ['ada'] } },
        assignments: [assignGroup('crew')],
      },
      {
        provider: {
          accounts: [anAccount('x', `${COMPOSED}@contoso.com`)],
          groups: [aScimGroup('g', COMPOSED, { members: [] })],
        },
      },
    );
    const { plan } = planCycle({ ...input, mapping: matchedByMail() });
    expect(plan.operations.filter(({ kind }) => kind === 'create')).toEqual([]);
  });
});
