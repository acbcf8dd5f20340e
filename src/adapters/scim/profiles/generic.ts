import type { ProviderProfile } from '../../../core/profile.ts';

/**
 * A service provider that keeps to RFC 7643 and RFC 7644. Limits are the lowest that published providers state, so that
 * an unknown provider is more likely to accept than to refuse.
 */
export const generic: ProviderProfile = {
  name: 'generic',
  sources: [
    'https://www.rfc-editor.org/rfc/rfc7643',
    'https://www.rfc-editor.org/rfc/rfc7644',
    'https://www.rfc-editor.org/rfc/rfc9865',
  ],
  patch: {
    // RFC 7644 section 3.5.2: lower-case ops; a path per operation is the form every server tried understands.
    shape: 'path',
    opCase: 'lower',
    // RFC 7643 section 4.1.1: active is a boolean; section 4.3: manager is complex.
    activeAs: 'boolean',
    managerAs: 'object',
    splitReactivation: false,
  },
  deactivate: {
    // RFC 7643 section 4.1.1 leaves the meaning of active to the provider; RFC 7644 section 3.6 makes DELETE final.
    means: 'suspend',
    deleteMeans: 'delete',
    staysReadable: true,
  },
  groups: {
    supported: true,
    rename: true,
    // RFC 7643 section 4.2: members are returned by default.
    membersReadable: 'full',
    // The lowest published limit (AWS IAM Identity Center: 100 membership changes a request).
    membersPerPatch: 100,
    // RFC 7644 section 3.5.2.2 defines no value for remove; without a filter all members go.
    memberRemoval: 'value-filter',
    deleteCascades: false,
    accessBeside: null,
  },
  filter: {
    // RFC 7644 section 3.4.2.2. The first three are understood by every server tried; the others by most.
    attributes: ['id', 'externalId', 'userName', 'displayName', 'emails.value'],
    and: true,
  },
  paging: {
    // RFC 7644 section 3.4.2.4; a nextCursor is followed all the same when the provider sends one (RFC 9865 section 2.3).
    mode: 'index',
    pageSize: 100,
    listParameters: {},
  },
  rate: {
    // 25 requests a second is what Entra asks of every SCIM endpoint (Learn: use-scim-to-provision-users-and-groups).
    concurrency: 8,
    requestsPerSecond: null,
    // Seen beside Retry-After: x-retry-after (better-auth) and the reset headers of rate-limiting gateways.
    retryHeaders: ['x-retry-after', 'x-ratelimit-reset', 'x-rate-limit-reset', 'ratelimit-reset'],
    resourceLock: false,
    usersPerHour: null,
  },
  token: {
    ownerCoupled: false,
    concurrent: null,
    lifetimeDays: null,
    rotation: 'overlap',
    revoke: 'by-hand',
  },
  attributes: {
    unsupported: [],
    userNameMaxLength: null,
    userNameCharacters: null,
    // RFC 7643 section 4.1.1: userName is the one required attribute.
    required: ['userName'],
    userNameNormalised: false,
    primaryRequired: [],
  },
};
