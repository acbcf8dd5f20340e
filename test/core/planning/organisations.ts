import * as fc from 'fast-check';
import type { ConnectionRules } from '../../../src/core/connection.ts';
import type { AttributeValue, DirectoryUser } from '../../../src/core/directory.ts';
import type { FilterClause, ScopingFilter } from '../../../src/core/scoping-filter.ts';
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

type Department = AttributeValue | undefined;
/** A clause and what it means, said once more without any of the code under test. */
type Meant = readonly [clause: FilterClause, holds: (department: Department) => boolean];

const attribute = 'department';
const CLAUSES: readonly Meant[] = [
  [{ attribute, is: 'equals', value: 'Sales' }, (one) => one === 'Sales'],
  [{ attribute, is: 'not-equals', value: 'IT' }, (one) => one !== 'IT' && one !== null],
  [{ attribute, is: 'is-null' }, (one) => one === null],
  [{ attribute, is: 'is-not-null' }, (one) => one !== null],
  [{ attribute, is: 'regex-match', value: '^[A-Z]{2}$' }, (one) => one === 'IT'],
  [{ attribute, is: 'not-regex-match', value: '.*quoted.*' }, (one) => one === 'Sales' || one === 'IT'],
];

/** Scoping filters, and whom they let in. */
export interface Filtering {
  readonly filters: readonly ScopingFilter[];
  readonly lets: (department: Department) => boolean;
}

/** From no filter at all to some that let nobody in. */
export const filtering: fc.Arbitrary<Filtering> = fc
  .array(fc.uniqueArray(fc.constantFrom(...CLAUSES), { minLength: 1, maxLength: 2 }), { maxLength: 2 })
  .map((groups) => ({
    filters: groups.map((meant, index) => ({ name: `Filter ${index + 1}`, clauses: meant.map(([clause]) => clause) })),
    lets: (department) => groups.length === 0 || groups.some((meant) => meant.every(([, holds]) => holds(department))),
  }));

/** An organisation, and the filters that are configured while it is so. */
export interface FilteredOrganisation extends Organisation {
  readonly filtering?: Filtering;
}

/** An organisation whose filters may be others than those before. */
export const filteredOrganisation: fc.Arbitrary<FilteredOrganisation> = fc
  .tuple(organisation, filtering)
  .map(([now, filters]) => ({ ...now, filtering: filters }));

/** The scope with the filters of an organisation. */
export function scopeUnder(now: FilteredOrganisation): Pick<ConnectionRules, 'scope'> {
  const filters = now.filtering?.filters ?? [];
  return { scope: { groups: true, nestedGroups: 'direct', ...(filters.length === 0 ? {} : { filters }) } };
}

/** Who should have access, worked out without any of the code under test. */
export function entitledUsers(now: FilteredOrganisation): readonly string[] {
  const reached = new Set(
    now.assignments?.filter(({ principalKind }) => principalKind === 'user').map(({ principal }) => principal),
  );
  for (const group of Object.values(now.groups ?? {})) for (const member of group.users ?? []) reached.add(member);
  const lets = now.filtering?.lets ?? (() => true);
  return (now.users ?? [])
    .filter(({ id, enabled, attributes }) => enabled && reached.has(id) && lets(attributes['department']))
    .map(({ id }) => id);
}

/** Those of them of whom the mapping makes an account: without a name there is no userName. */
export function mappableUsers(now: Organisation): readonly string[] {
  const named = new Set(
    now.users?.filter(({ attributes }) => attributes['userPrincipalName'] !== null).map(({ id }) => id),
  );
  return entitledUsers(now).filter((id) => named.has(id));
}
