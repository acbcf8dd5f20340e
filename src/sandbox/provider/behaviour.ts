import type { ResourceTypeName } from './schema/resource-type.ts';

/**
 * Where a user who owns a token is kept from being deactivated, deleted or made no administrator: nowhere, in the provider's
 * own pages, or by SCIM as well.
 */
export const OWNER_GUARDS = ['off', 'pages', 'everywhere'] as const;

/**
 * How much a provider takes in a time: `burst` at once, and `requests` more in every `seconds`. Beyond that it answers 429
 * with Retry-After in seconds and does nothing.
 */
export interface RateLimit {
  readonly methods: readonly string[];
  /** Requests about accounts or groups only. */
  readonly type?: ResourceTypeName;
  /** What is counted: requests of every client together, or the members they add, for each group by itself. */
  readonly of: 'requests' | 'members';
  readonly requests: number;
  readonly seconds: number;
  readonly burst: number;
}

/**
 * How one emulated service provider differs from a plain reading of the RFCs, as data. Every field is a fact about the
 * provider; the code reads them and knows no provider by name.
 */
export interface Behaviour {
  readonly name: string;
  /** Where the facts come from. */
  readonly sources: readonly string[];
  /** Path of the SCIM base URL. */
  readonly basePath: string;
  readonly configPath: '/ServiceProviderConfig' | '/ServiceProviderConfigs';
  /** Shape of `id`. `user-name`: the first userName of an account, with whatever needs percent-encoding in it. */
  readonly idForm: 'uuid' | 'salesforce' | 'user-name';
  /** `meta.version`: a weak entity tag, or a bare hash that cannot be used as one. */
  readonly version: 'weak-tag' | 'bare-hash';
  /** Whether If-Match and If-None-Match mean anything; `required` answers 428 to a write without If-Match. */
  readonly etag: 'ignored' | 'honoured' | 'required';
  /** Status of a PATCH that did something, when `attributes` is not asked for (RFC 7644 section 3.5.2). */
  readonly patchAnswer: Readonly<Record<ResourceTypeName, 'full' | 'no-content'>>;
  /** DELETE on a user removes it, removes it so that its userName can never be used again, or only makes it inactive. */
  readonly deleteUser: 'remove' | 'irreversible' | 'deactivate';
  /** `active: false` suspends the account, or removes it. */
  readonly activeFalse: 'suspend' | 'remove';
  /** What deleting a group does to its members. */
  readonly groupDelete: 'memberships' | 'users' | 'refuse-non-empty';
  /** Whether the displayName of a group may change. */
  readonly groupRename: boolean;
  /** PUT on a group replaces it, or is refused as 405. */
  readonly groupPut: 'replace' | 'refuse';
  /** Groups show their members, or always an empty list. */
  readonly groupMembers: 'shown' | 'empty-list';
  /** Membership changes taken in one request. */
  readonly membersPerRequest: number;
  /** `op` must be lower case, or may be spelled in any case. */
  readonly opNames: 'lower' | 'any-case';
  /** "True" and "False" are taken for booleans. */
  readonly stringBooleans: boolean;
  /** A bare string is taken for `manager: {value}`. */
  readonly managerAsString: boolean;
  /** Pathless values may use `name.givenName` and `<urn>:department` as names. */
  readonly dottedNames: boolean;
  /** `remove` with a list in `value`: refused, the listed values removed, or the value ignored (all removed). */
  readonly removeWithValue: 'refuse' | 'select' | 'ignore';
  /** `add` to `emails[type eq "work"].value` without such an e-mail: refused as noTarget, or the e-mail is made. */
  readonly addToMissingValue: 'refuse' | 'create';
  /** `emails[type eq "work"].value eq "x"`, which the grammar of RFC 7644 figure 1 does not know. */
  readonly filterAfterValuePath: boolean;
  readonly unknownAttributes: 'refuse' | 'ignore';
  /** Unknown URNs in `schemas`. */
  readonly unknownSchemas: 'refuse' | 'ignore';
  /** Attributes of an account that must have a value, as `name` or `name.part`, beside userName. */
  readonly required: readonly string[];
  /** Lists of an account that take one value only. */
  readonly singleValued: readonly string[];
  /** Lists of an account in which one value must be marked as primary. */
  readonly primaryRequired: readonly string[];
  /** userName is kept as sent, lower-cased, or made a handle: lower case, letters, digits and `. _ -` only, cut to length. */
  readonly userName: 'as-sent' | 'lower-cased' | 'handle';
  readonly userNameMaxLength: number;
  /** Filters taken: all of RFC 7644, comparisons with eq joined by and, or one comparison with eq. */
  readonly filters: 'all' | 'eq-and' | 'one-eq';
  /** PATCH paths on accounts may select values with a filter, or such an operation has no effect. */
  readonly valuePaths: 'honoured' | 'ineffective';
  /** Pages by startIndex only, or also by cursor (RFC 9865) when the client sends one. */
  readonly paging: 'index' | 'index-or-cursor';
  /** Accounts that a person made are listed, or only when this query parameter says `false`. */
  readonly listsOnlyScimMade: string | null;
  /** `status` in error bodies. */
  readonly errorStatus: 'string' | 'number';
  /** How much it takes in a time, all clients together; nothing here: as much as they send. */
  readonly rates: readonly RateLimit[];
  /** Requests without a User-Agent are refused with 403, or taken. */
  readonly userAgent: 'optional' | 'required';
  /** How many tokens work at a time, and what becomes of one too many: it is refused, or takes the place of the oldest. */
  readonly tokens: { readonly most: number; readonly beyond: 'refuse' | 'replace' };
  /** A token stops working when the account of its owner is inactive or gone, or it does not depend on it. */
  readonly tokenOwner: 'free' | 'coupled';
  /** The provider's own pages for administrators. */
  readonly adminPages: {
    /** userType of who may generate and delete tokens; a token generated there dies when its owner is of none of them. */
    readonly adminTypes: readonly string[];
    readonly ownerGuard: (typeof OWNER_GUARDS)[number];
    /** Whether single sign-on must be on before a token can be generated. */
    readonly needsSso: boolean;
    /** Whether deleting a token must be confirmed. */
    readonly confirmsDelete: boolean;
    /** Whether it mails about tokens and to people who were provisioned. */
    readonly mails: boolean;
  };
  /** Resources on a page when the client names no count, and at most. */
  readonly defaultCount: number;
  readonly maxResults: number;
  /** Largest body taken, in bytes; beyond it 413. */
  readonly maxBodyBytes: number;
}
