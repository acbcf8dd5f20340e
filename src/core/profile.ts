import { pathOf } from './scim-path.ts';

/** What a verb really does at a provider. Guards count effects, not verbs (design section 5). */
export type Effect = 'suspend' | 'remove' | 'delete' | 'irreversible';

/**
 * Everything that differs between service providers, as data. A profile names facts about the provider, never code:
 * the SCIM adapter reads it to choose shapes and limits, guards read it to know effects.
 */
export interface ProviderProfile {
  readonly name: string;
  /** Where the facts come from, shown by `headgate doctor`. */
  readonly sources: readonly string[];

  readonly patch: {
    /** One operation per path, one pathless operation with all attributes, or a whole-resource PUT. */
    readonly shape: 'path' | 'pathless' | 'put';
    /** Spelling of `op`: RFC 7644 lower case, or the capitalised form older Entra targets were built against. */
    readonly opCase: 'lower' | 'capital';
    /** `active` as a real boolean (RFC 7643 section 4.1.1) or as the string Entra used to send. */
    readonly activeAs: 'boolean' | 'string';
    /** Reference values as `{value}` objects or bare strings. */
    readonly managerAs: 'object' | 'string';
    /** Whether reactivation and attribute changes must be separate requests. */
    readonly splitReactivation: boolean;
  };

  readonly deactivate: {
    /** What `active: false` does there. */
    readonly means: Effect;
    /** What DELETE on a user does there; `suspend` where the object stays and can be reactivated. */
    readonly deleteMeans: Effect;
    /** Whether deactivated accounts stay readable and keep their userName. */
    readonly staysReadable: boolean;
  };

  readonly groups: {
    readonly supported: boolean;
    readonly rename: boolean;
    /** How memberships can be read back. */
    readonly membersReadable: 'full' | 'by-user-filter' | 'never';
    /** Most members added or removed by one PATCH. */
    readonly membersPerPatch: number;
    /** Shape of a member removal. `value-filter` is the only form RFC 7644 section 3.5.2.2 defines. */
    readonly memberRemoval: 'value-filter' | 'value-array';
    /** Whether deleting a group also deletes its members' accounts. */
    readonly deleteCascades: boolean;
    /** What people have there by being in a SCIM group and no read shows, as after "they may lose"; null where nothing is known. */
    readonly accessBeside: string | null;
  };

  readonly filter: {
    /** Attributes that can be filtered with `eq`, in canonical case. */
    readonly attributes: readonly string[];
    readonly and: boolean;
  };

  readonly paging: {
    readonly mode: 'index' | 'cursor';
    readonly pageSize: number;
    /** Query parameters without which a listing is not complete (monday: `scim_provisioned_only=false`). */
    readonly listParameters: Readonly<Record<string, string>>;
  };

  readonly rate: {
    readonly concurrency: number;
    /** Requests a second the provider states, or null when none is published. */
    readonly requestsPerSecond: number | null;
    /** Response headers, beside Retry-After, that say when to try again. */
    readonly retryHeaders: readonly string[];
    /** 429 also means "this one resource is locked" (Slack). */
    readonly resourceLock: boolean;
    /** Accounts that may be created, and members that may be added to one group, within an hour; null where unlimited. */
    readonly usersPerHour: number | null;
  };

  readonly token: {
    /** Whether the token dies with the person who made it. */
    readonly ownerCoupled: boolean;
    /** How many tokens may be valid at once; null where no limit is known. */
    readonly concurrent: number | null;
    readonly lifetimeDays: number | null;
    readonly rotation: 'overlap' | 'cutover';
    readonly revoke: 'api' | 'by-hand';
  };

  readonly attributes: {
    /** Attributes the provider does not know; mappings to them are left out with a notice. */
    readonly unsupported: readonly string[];
    /** Largest length of userName, or null. */
    readonly userNameMaxLength: number | null;
    /** Characters a userName may have, as the inside of a regular expression's class, case aside; null for any. */
    readonly userNameCharacters: string | null;
    /** Attributes that must be present on create. */
    readonly required: readonly string[];
    /** The provider lower-cases or trims userName: compare without case. */
    readonly userNameNormalised: boolean;
    /** Lists of which one value must be marked as primary. */
    readonly primaryRequired: readonly string[];
  };
}

/** Profiles that exist; the adapter must have data for each, the configuration accepts no other. */
export const PROFILE_NAMES = [
  'generic',
  'entra-legacy',
  'salesforce',
  'monday',
  'uniqkey',
  'own',
  'aws-identity-center',
  'slack',
  'github-emu',
  'atlassian',
] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** What disabling or deleting an account really does at a provider. */
export function effectOf(profile: ProviderProfile, verb: 'disable' | 'delete'): Effect {
  return verb === 'disable' ? profile.deactivate.means : profile.deactivate.deleteMeans;
}

/** The attribute a filter asks by: of `emails[type eq "work"].value` the plain `emails.value`, which RFC 7644 figure 1 allows. */
export function filterAttribute(path: string): string {
  const { urn, attribute, subAttribute } = pathOf(path);
  return `${urn === null ? '' : `${urn}:`}${attribute}${subAttribute === null ? '' : `.${subAttribute}`}`;
}

/** Whether a provider can be asked for resources by an attribute. */
export function isAskedBy({ filter }: ProviderProfile, path: string): boolean {
  return filter.attributes.includes(filterAttribute(path));
}
