import type { Anchor } from './directory.ts';

/** URNs of RFC 7643 section 8.7 and RFC 7644 section 3. */
export const URN = {
  user: 'urn:ietf:params:scim:schemas:core:2.0:User',
  group: 'urn:ietf:params:scim:schemas:core:2.0:Group',
  enterpriseUser: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
  listResponse: 'urn:ietf:params:scim:api:messages:2.0:ListResponse',
  patchOp: 'urn:ietf:params:scim:api:messages:2.0:PatchOp',
  searchRequest: 'urn:ietf:params:scim:api:messages:2.0:SearchRequest',
  error: 'urn:ietf:params:scim:api:messages:2.0:Error',
} as const;

/** The service provider's id of a resource: opaque, case-exact (RFC 7643 section 3.1). */
export type ResourceId = string;

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** An account at the service provider, as read. `body` is the whole SCIM resource with canonical attribute names. */
export interface Account {
  readonly id: ResourceId;
  readonly userName: string;
  readonly externalId?: string;
  readonly active: boolean;
  readonly body: JsonObject;
}

/** A SCIM group at the service provider, as read. `members` is absent where the provider does not show them. */
export interface ScimGroup {
  readonly id: ResourceId;
  readonly displayName: string;
  readonly externalId?: string;
  readonly members?: readonly ResourceId[];
}

/**
 * One attribute to set or clear. `path` is a SCIM attribute path in canonical case (RFC 7644 figure 7), such as
 * `displayName`, `name.familyName`, `emails[type eq "work"].value` or
 * `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`. A null value clears the attribute.
 */
export interface AttributeChange {
  readonly path: string;
  readonly before: Json;
  readonly after: Json;
}

/** The account a user should have: SCIM paths to values, before any provider dialect is applied. */
export interface DesiredAccount {
  /** Path to value in the order of the mapping. Paths are canonical; null means "clear", a missing path "leave alone". */
  readonly attributes: ReadonlyMap<string, Json>;
  /** Paths whose value is a reference to another user, by anchor (RFC 7643 section 2.3.7), such as the manager. */
  readonly references: ReadonlyMap<string, Anchor>;
}
