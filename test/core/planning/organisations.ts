import * as fc from 'fast-check';
import type { DirectoryUser } from '../../../src/core/directory.ts';
import { assignGroup, assignUser, aUser, type Organisation } from '../../builders.ts';

export const USERS = ['u1', 'u2', 'u3', 'u4', 'u5', 'u6'];
export const GROUPS = ['g1', 'g2', 'g3'];

const user = (id: string): fc.Arbitrary<DirectoryUser> =>
  fc
    .record({
      enabled: fc.boolean(),
      department: fc.option(fc.constantFrom('Sales', 'IT', 'R&D 100% "quoted" o\'Neill')),
      manager: fc.option(fc.constantFrom(...USERS), { nil: undefined }),
      nameless: fc.nat(5).map((one) => one === 0),
    })
    .map(({ enabled, department, manager, nameless }) =>
      aUser(id, {
        enabled,
        attributes: { department, ...(nameless ? { userPrincipalName: null } : {}) },
        ...(manager === undefined ? {} : { manager }),
      }),
    );

/** A small company in which everything that can differ does: access, groups, sign-in, managers, deletions, names. */
export const organisation: fc.Arbitrary<Organisation> = fc
  .record({
    users: fc.tuple(...USERS.map(user)),
    memberships: fc.array(fc.uniqueArray(fc.constantFrom(...USERS)), {
      minLength: GROUPS.length,
      maxLength: GROUPS.length,
    }),
    direct: fc.uniqueArray(fc.constantFrom(...USERS)),
    assigned: fc.uniqueArray(fc.constantFrom(...GROUPS)),
    gone: fc.uniqueArray(fc.constantFrom(...USERS)),
  })
  .map(({ users, memberships, direct, assigned, gone }) => {
    const groups = Object.fromEntries(
      GROUPS.map((id, index) => [
        id,
        { name: `Group ${id}`, users: (memberships[index] ?? []).filter((member) => !gone.includes(member)) },
      ]),
    );
    return {
      users: users.filter(({ id }) => !gone.includes(id)),
      groups: Object.fromEntries(Object.entries(groups).filter(([id]) => assigned.includes(id))),
      assignments: [
        ...direct.filter((id) => !gone.includes(id)).map((id) => assignUser(id)),
        ...assigned.map((id) => assignGroup(id)),
      ],
      whereabouts: Object.fromEntries(
        USERS.map((id) => [id, gone.includes(id) ? ('absent' as const) : ('present' as const)]),
      ),
    };
  });

/** Who should have access, worked out without any of the code under test. */
export function entitledUsers(now: Organisation): readonly string[] {
  const reached = new Set(
    now.assignments?.filter(({ principalKind }) => principalKind === 'user').map(({ principal }) => principal),
  );
  for (const group of Object.values(now.groups ?? {})) for (const member of group.users ?? []) reached.add(member);
  return (now.users ?? []).filter(({ id, enabled }) => enabled && reached.has(id)).map(({ id }) => id);
}

/** Those of them of whom the mapping makes an account: without a name there is no userName. */
export function mappableUsers(now: Organisation): readonly string[] {
  const named = new Set(
    now.users?.filter(({ attributes }) => attributes['userPrincipalName'] !== null).map(({ id }) => id),
  );
  return entitledUsers(now).filter((id) => named.has(id));
}
