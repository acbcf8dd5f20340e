import type { ConnectionRules, DeprovisionAction, RemovalCause } from '../src/core/connection.ts';
import type {
  Anchor,
  Assignment,
  DirectoryGroup,
  DirectorySnapshot,
  DirectoryUser,
  GroupMembership,
  Whereabouts,
} from '../src/core/directory.ts';
import type { Credential } from '../src/core/credential.ts';
import type { GuardContext } from '../src/core/guards.ts';
import type { Link } from '../src/core/link.ts';
import { compileMapping, type CompiledMapping } from '../src/core/mapping/compile-mapping.ts';
import { DEFAULT_MAPPING } from '../src/core/mapping/default-mapping.ts';
import type { PlanInput } from '../src/core/planning/plan-input.ts';
import type { ProviderProfile } from '../src/core/profile.ts';
import type { Account, ScimGroup } from '../src/core/scim.ts';
import { generic } from '../src/adapters/scim/profiles/generic.ts';

/** The time of every plan unless a test says otherwise. */
export const NOW = Date.parse('2026-11-22T09:00:00Z');

/** The role every assignment carries unless a test says otherwise. */
export const ROLE = '00000000-0000-0000-0000-000000000000';

export function defaultMapping(): CompiledMapping {
  const compiled = compileMapping(DEFAULT_MAPPING);
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
  return compiled.mapping;
}

export function aUser(id: Anchor, overrides: Partial<DirectoryUser> = {}): DirectoryUser {
  const attributes = {
    userPrincipalName: `${id}@contoso.com`,
    displayName: `User ${id}`,
    mailNickname: `nick-${id}`,
    givenName: 'User',
    surname: id,
  };
  return { id, enabled: true, ...overrides, attributes: { ...attributes, ...overrides.attributes } };
}

export function aGroup(id: Anchor, displayName = `Group ${id}`): DirectoryGroup {
  const flags = { dynamic: false, onPremises: false, mailEnabled: false, securityEnabled: true, roleAssignable: false };
  return { id, attributes: { displayName }, ...flags };
}

export function assignUser(user: Anchor, roleId = ROLE): Assignment {
  return { id: `direct-${user}`, principal: user, principalKind: 'user', roleId };
}

export function assignGroup(group: Anchor, roleId = ROLE): Assignment {
  return { id: `group-${group}`, principal: group, principalKind: 'group', roleId };
}

export interface Organisation {
  readonly users?: readonly DirectoryUser[];
  readonly groups?: Readonly<
    Record<Anchor, { readonly name?: string; readonly users?: readonly Anchor[]; readonly nested?: readonly Anchor[] }>
  >;
  readonly assignments?: readonly Assignment[];
  readonly whereabouts?: Readonly<Record<Anchor, Whereabouts>>;
  readonly gaps?: DirectorySnapshot['gaps'];
}

/** A directory read to its end, holding exactly what is given. */
export function aSnapshot({
  users = [],
  groups = {},
  assignments = [],
  whereabouts = {},
  gaps = [],
}: Organisation): DirectorySnapshot {
  const memberships = Object.entries(groups).map(([id, group]): [Anchor, GroupMembership] => [
    id,
    { group: id, users: group.users ?? [], nestedGroups: group.nested ?? [], others: 0 },
  ]);
  return {
    application: { id: 'sp', appId: 'app', displayName: 'Acme', roles: [] },
    assignments,
    groups: new Map(Object.entries(groups).map(([id, { name }]) => [id, aGroup(id, name)])),
    memberships: new Map(memberships),
    users: new Map(users.map((user) => [user.id, user])),
    whereabouts: new Map(Object.entries(whereabouts)),
    gaps,
  };
}

export function aLink(anchor: Anchor, overrides: Partial<Link> = {}): Link {
  const label = overrides.resource === 'group' ? `Group ${anchor}` : `${anchor}@contoso.com`;
  return {
    resource: 'account',
    anchor,
    resourceId: `id-${anchor}`,
    state: 'active',
    label,
    origin: 'created',
    ...overrides,
  };
}

export function anAccount(id: string, userName: string, overrides: Partial<Account> = {}): Account {
  const active = overrides.active ?? true;
  return { userName, active, ...overrides, id, body: { id, userName, active, ...overrides.body } };
}

export function aScimGroup(id: string, displayName: string, overrides: Partial<ScimGroup> = {}): ScimGroup {
  return { id, displayName, members: [], ...overrides };
}

/** The guards of a configuration that says nothing about them, but for what a test changes. */
export function theGuards({
  tooManyRemovals,
  ...others
}: Partial<Omit<ConnectionRules['guards'], 'tooManyRemovals'>> & {
  readonly tooManyRemovals?: Partial<ConnectionRules['guards']['tooManyRemovals']>;
} = {}): ConnectionRules['guards'] {
  return {
    tooManyRemovals: {
      count: 50,
      percent: 10,
      windowHours: 24,
      membersOfOneGroup: { count: 50, percent: 50 },
      ...tooManyRemovals,
    },
    groupCliff: { count: 20, percent: 50 },
    protectedAccounts: [],
    approvalHours: 24,
    off: [],
    ...others,
  };
}

/** What guards know beside a plan: nothing was removed lately, and the directory's own engine stands still. */
export function theGuardContext(overrides: Partial<GuardContext> = {}): GuardContext {
  return { past: [], soleReach: new Map(), nativeJobs: { known: true, active: [] }, credentials: [], ...overrides };
}

export function theRules(overrides: Partial<ConnectionRules> = {}): ConnectionRules {
  return {
    name: 'acme',
    application: 'app',
    scope: { groups: true, nestedGroups: 'direct' },
    mapping: DEFAULT_MAPPING,
    deprovision: thePolicy(),
    drift: 'enforce',
    guards: theGuards(),
    ...overrides,
  };
}

/** The default deprovisioning policy with some causes treated otherwise; a delay is in ms. */
export function thePolicy(
  changes: Partial<Record<RemovalCause, DeprovisionAction | readonly [DeprovisionAction, number]>> = {},
): ConnectionRules['deprovision'] {
  const rule = (cause: RemovalCause) => {
    const change = changes[cause] ?? (cause === 'hardDeleted' ? 'delete' : 'disable');
    const [action, afterMs] = typeof change === 'string' ? [change, 0] : change;
    return { action, afterMs };
  };
  return {
    unassigned: rule('unassigned'),
    disabled: rule('disabled'),
    softDeleted: rule('softDeleted'),
    hardDeleted: rule('hardDeleted'),
    filtered: rule('filtered'),
  };
}

export function theProfile(overrides: Partial<ProviderProfile> = {}): ProviderProfile {
  return { ...generic, ...overrides };
}

export interface Provider {
  readonly accounts?: readonly Account[];
  readonly groups?: readonly ScimGroup[];
  readonly trusted?: boolean;
}

/** Everything a plan is made from, for an initial cycle. */
export function aPlanInput(
  organisation: Organisation,
  {
    links = [],
    provider = {},
    rules = {},
    vanished = [],
    profile = {},
    now = NOW,
  }: {
    readonly links?: readonly Link[];
    readonly provider?: Provider;
    readonly rules?: Partial<ConnectionRules>;
    readonly vanished?: readonly string[];
    readonly profile?: Partial<ProviderProfile>;
    readonly now?: number;
  } = {},
): PlanInput {
  const trusted = provider.trusted ?? true;
  const doubts = trusted ? [] : ['totalResults was 9, 3 were shown'];
  return {
    kind: 'initial',
    rules: theRules(rules),
    mapping: defaultMapping(),
    profile: theProfile(profile),
    directory: aSnapshot(organisation),
    links,
    inventory: {
      accounts: { resources: provider.accounts ?? [], trusted, doubts },
      groups: { resources: provider.groups ?? [], trusted, doubts },
    },
    // Ids of tests tell accounts from groups.
    vanished: { account: new Set(vanished), group: new Set(vanished) },
    now,
  };
}

/** A credential in use, of a person nobody asked the directory about. */
export function aCredential(overrides: Partial<Credential> = {}): Credential {
  return {
    id: 'credential-1',
    connection: 'acme',
    kind: 'bearer',
    fingerprint: 'f1',
    owner: { kind: 'unknown' },
    state: 'active',
    source: 'configuration',
    createdAt: 0,
    ...overrides,
  };
}
