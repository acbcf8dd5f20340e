import type {
  Anchor,
  Assignment,
  DirectoryGroup,
  DirectoryUser,
  GroupMembership,
  ReadGap,
  Whereabouts,
} from '../../src/core/directory.ts';
import type { Account, ScimGroup } from '../../src/core/scim.ts';
import type { DirectorySource } from '../../src/ports/directory-source.ts';
import type { ConfiguredSecret } from '../../src/ports/credentials.ts';
import type { Connection } from '../../src/ports/index.ts';
import type { ServiceProvider } from '../../src/ports/service-provider.ts';
import type { Preparation } from '../../src/provisioning/prepare-cycle.ts';
import { defaultMapping, theProfile, theRules } from '../builders.ts';

export interface FakeDirectory {
  readonly assignments: readonly Assignment[];
  readonly groups?: Readonly<Record<Anchor, DirectoryGroup>>;
  readonly memberships?: Readonly<Record<Anchor, Partial<GroupMembership>>>;
  readonly users?: Readonly<Record<Anchor, DirectoryUser>>;
  readonly whereabouts?: Readonly<Record<Anchor, Whereabouts>>;
  readonly gaps?: readonly ReadGap[];
}

function pick<T>(all: Readonly<Record<string, T>>, ids: readonly string[]): Map<string, T> {
  return new Map(ids.flatMap((id) => (all[id] === undefined ? [] : [[id, all[id]] as const])));
}

const unused = (): never => {
  throw new Error('not part of this test');
};

/** A directory in memory; what is not given does not exist. */
export function fakeDirectory(given: FakeDirectory): DirectorySource {
  const memberships = Object.fromEntries(
    Object.entries(given.memberships ?? {}).map(([group, partial]) => [
      group,
      { group, users: [], nestedGroups: [], others: 0, ...partial },
    ]),
  );
  return {
    readApplication: async (appId) => ({ id: 'sp', appId, displayName: 'Acme', roles: [] }),
    readAssignments: async () => ({ value: given.assignments, gaps: [] }),
    readMemberships: async (ids) => ({ value: pick(memberships, ids), gaps: given.gaps ?? [] }),
    readGroups: async (ids) => pick(given.groups ?? {}, ids),
    readUsers: async (ids) => pick(given.users ?? {}, ids),
    locateUsers: async (ids) => pick(given.whereabouts ?? {}, ids),
    findUser: async (idOrName) =>
      Object.values(given.users ?? {}).find(
        ({ id, attributes }) => id === idOrName || attributes['userPrincipalName'] === idOrName,
      ),
    findGroups: async (idOrName) =>
      Object.values(given.groups ?? {})
        .map(({ id, attributes }) => ({ id, name: String(attributes['displayName']) }))
        .filter(({ id, name }) => id === idOrName || name === idOrName),
    readGroupsOfUser: unused,
    startWatermark: async () => ({ users: 'u', groups: 'g', selection: 's', takenAt: 0 }),
    readChanges: unused,
    readNativeJobs: async () => ({ known: true, active: [] }),
    readProvisioningJobs: async () => [],
    show: (change) => ({ to: 'directory', method: 'POST', path: `/${change.kind}` }),
    check: unused,
    close: async () => undefined,
  };
}

export interface FakeProvider {
  readonly accounts?: readonly Account[];
  readonly groups?: readonly ScimGroup[];
  /** What the listing shows, where that is not everything. */
  readonly listed?: readonly Account[];
  readonly trusted?: boolean;
}

/** A service provider in memory that records what it was asked for by name. */
export function fakeProvider(given: FakeProvider): ServiceProvider & { readonly lookups: string[] } {
  const { accounts = [], groups = [], trusted = true } = given;
  const doubts = trusted ? [] : ['totalResults was 9'];
  const lookups: string[] = [];
  return {
    lookups,
    profile: theProfile(),
    listAccounts: async () => ({ resources: given.listed ?? accounts, trusted, doubts }),
    listGroups: async () => ({ resources: groups, trusted, doubts }),
    findAccounts: async ({ attribute, value }) => {
      lookups.push(`${attribute}=${value}`);
      return accounts.filter(({ body }) => body[attribute] === value);
    },
    findGroups: async () => [],
    readAccount: async (id) => accounts.find((account) => account.id === id),
    readGroup: async (id) => groups.find((group) => group.id === id),
    apply: unused,
    settle: unused,
    probe: unused,
    ping: unused,
    awaitAnswer: async () => undefined,
    preview: unused,
    credentialWorks: unused,
    experiment: unused,
    pace: () => ({ concurrency: 4 }),
    check: unused,
    close: async () => undefined,
  };
}

/** A configured credential nobody looks at. */
export const aSecret: ConfiguredSecret = {
  kind: 'bearer',
  place: 'here',
  owner: { kind: 'unknown' },
  read: async () => 'secret',
};

/** No credential anywhere has an owner who must stay. */
export const noCredentials = async (): Promise<readonly []> => [];

export function aConnection(
  directory: DirectorySource,
  provider: ServiceProvider,
  nestedGroups: 'direct' | 'expand' = 'direct',
): Connection {
  return {
    rules: theRules({ scope: { groups: true, nestedGroups } }),
    mapping: defaultMapping(),
    directory,
    provider,
    credential: aSecret,
    target: 'https://acme.example/scim/v2',
    tenant: 'contoso',
    concurrency: 4,
  };
}

/** A store of holds that knows of none, and of no earlier removal. */
export const NO_HOLDS: Preparation['stores']['holds'] = {
  pastRemovals: async () => [],
  soleReach: async () => new Map(),
  decided: async () => [],
  standing: async () => [],
};
