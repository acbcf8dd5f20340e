import type { ResourceTypeName } from './schema/resource-type.ts';

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
  /** DELETE on a user removes it, or only makes it inactive and keeps it readable. */
  readonly deleteUser: 'remove' | 'deactivate';
  /** `active: false` suspends the account, or removes it. */
  readonly activeFalse: 'suspend' | 'remove';
  /** What deleting a group does to its members. */
  readonly groupDelete: 'memberships' | 'users' | 'refuse-non-empty';
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
  /** userName is kept as sent, or lower-cased. */
  readonly userName: 'as-sent' | 'lower-cased';
  readonly userNameMaxLength: number;
  /** A token stops working when the account of its owner is inactive or gone, or it does not depend on it. */
  readonly tokenOwner: 'free' | 'coupled';
  /** Resources on a page when the client names no count, and at most. */
  readonly defaultCount: number;
  readonly maxResults: number;
  /** Largest body taken, in bytes; beyond it 413. */
  readonly maxBodyBytes: number;
}
