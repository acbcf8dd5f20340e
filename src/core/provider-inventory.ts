import type { Account, ResourceId, ScimGroup } from './scim.ts';

/**
 * A listing and whether it may be believed. It is trusted only when the provider echoed what was asked, no id came twice,
 * and the unique ids add up to totalResults (RFC 7644 section 3.4.2.4). Nothing is inferred from absence in an untrusted one.
 */
export interface Listing<T> {
  readonly resources: readonly T[];
  readonly trusted: boolean;
  /** Why it is not trusted, for the operator. */
  readonly doubts: readonly string[];
}

/** Linked resources the provider has not found. An account may have the id of a group, so each kind has its own. */
export type Vanished = Readonly<Record<'account' | 'group', ReadonlySet<ResourceId>>>;

/** What the provider holds, as far as the cycle could learn. */
export interface ProviderInventory {
  readonly accounts: Listing<Account>;
  readonly groups: Listing<ScimGroup>;
}
