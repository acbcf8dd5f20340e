import type { JsonObject } from '../../src/core/scim.ts';
import type { CycleView } from '../../src/ports/operator.ts';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { createOrganisation, type Organisation } from '../../src/sandbox/organisation/organisation.ts';
import type { OrganisationState, TenantUser } from '../../src/sandbox/organisation/model.ts';
import { closed, type World } from './world.ts';

const DOMAIN = 'harbour.example';
const FOUNDED = '2024-03-01T08:00:00Z';

function guid(kind: number, number: number): string {
  return `c0ffee00-0000-4000-800${kind}-${number.toString(16).padStart(12, '0')}`;
}

/** Name of user number `n`, counted from 1. */
export function personName(n: number): string {
  return `person${n}@${DOMAIN}`;
}

function person(n: number, properties: JsonObject = {}): TenantUser {
  return {
    id: guid(1, n),
    managerId: null,
    properties: {
      displayName: `Person ${n}`,
      givenName: 'Person',
      surname: `Number${n}`,
      userPrincipalName: personName(n),
      mail: personName(n),
      mailNickname: `person${n}`,
      accountEnabled: true,
      userType: 'Member',
      createdDateTime: FOUNDED,
      ...properties,
    },
  };
}

function numbered<T>(first: number, last: number, make: (n: number) => T): readonly T[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => make(first + index));
}

export interface Company {
  /** How many users there are: `person1@…` and so on. */
  readonly users: number;
  /** Assigned groups by name, with their members as first and last number. */
  readonly groups?: Readonly<Record<string, readonly [first: number, last: number]>>;
  /** Users assigned directly, first and last. */
  readonly direct?: readonly [first: number, last: number];
  /** Properties of some users that differ. */
  readonly properties?: Readonly<Record<number, JsonObject>>;
}

/** A company in which it is plain to see who is entitled through what. The one enterprise application declares no roles. */
export function company({ users, groups = {}, direct = [1, 0], properties = {} }: Company): Organisation {
  const application = guid(3, 1);
  const named = Object.entries(groups).map(([displayName, [first, last]], index) => ({
    id: guid(2, index + 1),
    properties: {
      displayName,
      mailEnabled: false,
      securityEnabled: true,
      groupTypes: [],
      createdDateTime: FOUNDED,
    },
    members: numbered(first, last, (n) => guid(1, n)),
  }));
  const principals = [
    ...named.map(({ id }) => ({ principalId: id, principalType: 'Group' as const })),
    ...numbered(direct[0], direct[1], (n) => ({ principalId: guid(1, n), principalType: 'User' as const })),
  ];
  const state: OrganisationState = {
    tenantId: guid(0, 1),
    domain: DOMAIN,
    users: numbered(1, users, (n) => person(n, properties[n])),
    deletedUsers: [],
    groups: named,
    servicePrincipals: [
      {
        id: application,
        appId: guid(4, 1),
        displayName: 'Acme',
        appRoles: [],
        properties: { createdDateTime: FOUNDED },
      },
    ],
    assignments: principals.map((principal, index) => ({
      ...principal,
      id: Buffer.from(`assignment ${index} of the company`.padEnd(32, '.')).toString('base64url'),
      resourceId: application,
      appRoleId: '00000000-0000-0000-0000-000000000000',
      createdDateTime: FOUNDED,
    })),
  };
  return createOrganisation(state);
}

/** Runs one more full cycle in a Headgate that is open already. */
export async function cycle(operator: OperatorClient, kind: 'initial' | 'incremental' = 'initial'): Promise<CycleView> {
  // Whatever a test broke before is mended: nobody waits hours for what failed then.
  await operator.retryEscrows({ connection: 'acme', by: 'test' });
  const started = await operator.startCycle({ connection: 'acme', kind, requestedBy: 'test' });
  return closed(operator, started.id);
}

/** Every write the provider has seen, `METHOD path`, ids left out. */
export function writes({ provider }: World): readonly string[] {
  return provider
    .requests()
    .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/.search'))
    .map(({ method, path }) => `${method} ${/\/(?:Users|Groups)/.exec(path)?.[0] ?? path}`);
}

/** userNames of active (or inactive) accounts, sorted. */
export function userNames({ provider }: World, active = true): readonly string[] {
  return provider.accounts
    .all()
    .filter((account) => account['active'] === active)
    .flatMap(({ userName }) => (typeof userName === 'string' ? userName : []))
    .toSorted();
}

/** Names of users `first` to `last`, sorted as `userNames` sorts. */
export function people(first: number, last: number): readonly string[] {
  return numbered(first, last, personName).toSorted();
}

/** How many members the SCIM group of that name shows; undefined when there is no such group. */
export function memberCount({ provider }: World, group: string): number | undefined {
  const members = provider.groups.find(group)?.['members'];
  return Array.isArray(members) ? members.length : provider.groups.find(group) === undefined ? undefined : 0;
}
