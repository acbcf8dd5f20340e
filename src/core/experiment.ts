import type { Effect, ProviderProfile } from './profile.ts';
import type { ResourceId } from './scim.ts';

/** What throw-away resources can tell about a service provider, in the order of the report. */
export const FACTS = {
  'account.create': 'an account can be created',
  'account.primary': 'no e-mail need be marked as primary',
  'account.read': 'and read back',
  'account.userNameKept': 'its userName is kept as sent',
  'account.conflict': 'a second one of the same userName is refused with 409',
  'filter.userName': 'accounts are found by userName eq',
  'filter.externalId': 'accounts are found by externalId eq',
  'filter.and': 'two comparisons can be joined by and',
  'patch.path': 'PATCH with a path changes an attribute',
  'patch.several': 'several operations in one PATCH',
  'patch.valuePath': 'a value path (emails[type eq "work"].value)',
  'patch.pathless': 'PATCH without a path',
  'patch.put': 'PUT of the whole account',
  'version.shown': 'accounts carry an ETag',
  'version.checked': 'a wrong If-Match is refused with 412',
  'disable.as': 'active is taken as',
  'disable.means': 'active: false means',
  'disable.readable': 'a disabled account stays readable',
  'disable.listed': 'a disabled account stays listed',
  'disable.reactivate': 'a disabled account can be reactivated',
  'delete.means': 'DELETE of an account means',
  'delete.listed': 'a deleted account stays listed',
  'delete.again': 'a second DELETE is answered',
  'delete.nameFree': 'the userName is free again',
  'listing.trusted': 'the listing of accounts is complete and its totals are true',
  'group.create': 'a SCIM group can be created',
  'group.addMembers': 'members can be added',
  'group.membersReadable': 'members are readable',
  'group.removeMember': 'one member can be removed and the others stay',
  'group.memberRemoval': 'a member is removed by',
  'group.rename': 'a SCIM group can be renamed',
  'group.membersPerPatch': 'one PATCH takes as many members as the profile sends',
  'group.delete': 'a SCIM group can be deleted',
  'group.deleteCascades': 'its members lose their accounts with it',
  'wire.contentType': 'content type of answers',
  'wire.errors': 'shape of errors',
  'wire.retryAfter': 'Retry-After on 429 and 503',
} as const satisfies Readonly<Record<string, string>>;
export type Fact = keyof typeof FACTS;

function isFact(name: string): name is Fact {
  return Object.hasOwn(FACTS, name);
}

/** What was seen of one fact. Without a value it could not be told, and the words say why. */
export interface Observation {
  readonly fact: Fact;
  readonly value?: boolean | string;
  readonly words: string;
}

/** A throw-away resource that could not be removed. */
export interface LeftBehind {
  readonly resource: 'account' | 'group';
  /** Absent when the provider never told it. */
  readonly id?: ResourceId;
  /** Its userName or displayName, made up by us. */
  readonly name: string;
  readonly state: 'inactive' | 'active' | 'unknown';
  readonly remedy: string;
}

/** One request that could change something, and at what. */
export interface ExperimentWrite {
  readonly method: string;
  readonly collection: string;
  /** The resource it was aimed at; absent for a create. */
  readonly id?: ResourceId;
}

/** Everything that came of an experiment. */
export interface Experiment {
  readonly ended: 'complete' | 'stopped' | 'failed';
  /** Why it could not go on. */
  readonly failure?: string;
  readonly observations: readonly Observation[];
  readonly requests: number;
  readonly writes: readonly ExperimentWrite[];
  readonly left: readonly LeftBehind[];
  /** Accounts of earlier experiments that were seen and not touched, by userName. */
  readonly earlier: readonly { readonly id: ResourceId; readonly name: string }[];
}

/** One fact beside what the profile says of it. `noted`: the profile says nothing of it. */
export interface Finding {
  readonly fact: Fact;
  readonly about: string;
  readonly verdict: 'agrees' | 'differs' | 'untold' | 'noted';
  readonly declared?: boolean | string;
  readonly found?: boolean | string;
  readonly words: string;
}

/** Puts what was seen beside what the profile says, in the order of FACTS; what was never looked at could not be told. */
export function judgeObservations(profile: ProviderProfile, observations: readonly Observation[]): readonly Finding[] {
  const declared = declaredBy(profile);
  const seen = new Map(observations.map((observation) => [observation.fact, observation]));
  return Object.keys(FACTS)
    .filter(isFact)
    .map((fact) => {
      const { value, words } = seen.get(fact) ?? {
        value: undefined,
        words: 'not looked at: something before it did not work',
      };
      const says = declared[fact];
      return {
        fact,
        about: FACTS[fact],
        verdict: verdictOn(says, value),
        ...(says === undefined ? {} : { declared: says }),
        ...(value === undefined ? {} : { found: value }),
        words,
      };
    });
}

function verdictOn(declared: boolean | string | undefined, found: boolean | string | undefined): Finding['verdict'] {
  if (found === undefined) return 'untold';
  if (declared === undefined) return 'noted';
  return declared === found ? 'agrees' : 'differs';
}

/** An effect as it can be seen from outside: that something cannot be undone is not seen on the same day. */
function seenAs(effect: Effect, staysReadable: boolean): 'suspended' | 'gone' {
  return effect === 'suspend' || (effect === 'remove' && staysReadable) ? 'suspended' : 'gone';
}

/**
 * What a profile says of the facts; absent where it says nothing. Where the RFC leaves no choice (creating, reading, refusing
 * a second userName) every profile says yes.
 */
function declaredBy(profile: ProviderProfile): Readonly<Partial<Record<Fact, boolean | string>>> {
  const { patch, deactivate, groups, filter, attributes } = profile;
  const byPath = patch.shape === 'path';
  return {
    'account.create': true,
    'account.primary': !attributes.primaryRequired.includes('emails'),
    'account.read': true,
    'account.conflict': true,
    'filter.userName': filter.attributes.includes('userName'),
    'filter.externalId': filter.attributes.includes('externalId'),
    'filter.and': filter.and,
    ...(attributes.userNameNormalised ? {} : { 'account.userNameKept': true }),
    ...(byPath ? { 'patch.path': true, 'patch.several': true, 'patch.valuePath': true } : {}),
    ...(patch.shape === 'pathless' ? { 'patch.pathless': true } : {}),
    ...(patch.shape === 'put' ? { 'patch.put': true } : {}),
    'disable.as': patch.activeAs,
    'disable.means': seenAs(deactivate.means, deactivate.staysReadable),
    'disable.readable': deactivate.staysReadable,
    ...(deactivate.means === 'suspend' ? { 'disable.reactivate': true } : {}),
    'delete.means': seenAs(deactivate.deleteMeans, false),
    'listing.trusted': true,
    'group.create': groups.supported,
    ...(groups.supported ? declaredOfGroups(groups) : {}),
  };
}

function declaredOfGroups(groups: ProviderProfile['groups']): Readonly<Partial<Record<Fact, boolean | string>>> {
  return {
    'group.addMembers': true,
    'group.membersReadable': groups.membersReadable,
    'group.removeMember': true,
    'group.memberRemoval': groups.memberRemoval,
    'group.rename': groups.rename,
    'group.membersPerPatch': true,
    'group.delete': true,
    'group.deleteCascades': groups.deleteCascades,
  };
}

/** Domain of the userNames that are made up: nobody gets mail there (RFC 2606). */
export const PROBE_DOMAIN = 'probe.invalid';

/** What an experiment will do, for whoever has to say yes to it. */
export function experimentSteps(profile: ProviderProfile): readonly string[] {
  return [
    'create three accounts and try to create one of them twice; read and find them (userName, externalId)',
    'change the first one by PATCH with a path, without one, by value path, and by PUT; send it a wrong version',
    ...(profile.groups.supported
      ? [
          'create a SCIM group, add the other two, read its members, take one out, rename it, send a full chunk of members',
        ]
      : ['try whether a SCIM group can be created']),
    'deactivate the first account, delete the third, and list all accounts once',
    'reactivate the first, delete the third again, and create an account with its userName',
    'delete the SCIM group and see whether its member still has an account',
    'remove everything it made, and name what could not be removed',
  ];
}
