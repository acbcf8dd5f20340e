import type { ProviderProfile } from '../../../core/profile.ts';
import { URN } from '../../../core/scim.ts';
import { generic } from './generic.ts';

/** GitHub Enterprise Managed Users: DELETE suspends for ever, and a new enterprise is filled no faster than by the hour. */
export const githubEmu: ProviderProfile = {
  ...generic,
  name: 'github-emu',
  sources: [
    'https://docs.github.com/en/enterprise-cloud@latest/rest/enterprise-admin/scim',
    'github/docs: provisioning-users-and-groups-with-scim-using-the-rest-api.md',
    'github/docs: deprovisioning-and-reinstating-users.md',
    'github/docs: data/reusables/scim/emu-scim-rate-limit-details.md',
    'https://docs.github.com/enterprise-cloud@latest/admin/identity-and-access-management/managing-iam-with-enterprise-managed-users/managing-team-memberships-with-identity-provider-groups',
  ],
  // REST reference: "Complex SCIM path selectors that include filters are not supported"; its example has no path.
  patch: { ...generic.patch, shape: 'pathless' },
  deactivate: {
    // "Soft deprovision": suspended, login and mail obfuscated, still listed.
    means: 'suspend',
    // "Hard deprovisioning is an irreversible action": keys, tokens and own repositories are gone with it.
    deleteMeans: 'irreversible',
    staysReadable: true,
  },
  groups: {
    // REST reference: members are shown and added by PATCH; how many at once is not said.
    ...generic.groups,
    // Team memberships: who became a member of an organization through a connected team leaves it with that group.
    accessBeside: 'their membership in the organizations whose teams are connected to these groups',
  },
  // REST reference: userName, externalId, id and displayName; "multiple filters are not supported".
  filter: { attributes: ['id', 'externalId', 'userName', 'displayName'], and: false },
  // REST reference: thirty on a page by default; public clients ask for a hundred.
  paging: { ...generic.paging, pageSize: 100 },
  rate: {
    ...generic.rate,
    concurrency: 4,
    // Rate limit details: no more than 1,000 users an hour, onto the application and into each group.
    usersPerHour: 1_000,
  },
  token: {
    // The classic token of the setup user; GitHub recommends that it does not expire.
    ownerCoupled: true,
    concurrent: null,
    lifetimeDays: null,
    rotation: 'overlap',
    revoke: 'by-hand',
  },
  attributes: {
    ...generic.attributes,
    // REST reference, "Supported SCIM user attributes": none of these is in the table.
    unsupported: [
      URN.enterpriseUser,
      'title',
      'nickName',
      'profileUrl',
      'userType',
      'preferredLanguage',
      'locale',
      'timezone',
      'password',
      'addresses',
      'phoneNumbers',
      'ims',
      'photos',
      'entitlements',
      'x509Certificates',
    ],
    // REST reference, "Provision a SCIM enterprise user": required body parameters.
    required: ['userName', 'externalId', 'active', 'displayName', 'emails[type eq "work"].value'],
    // Same table: userName "undergoes normalization".
    userNameNormalised: true,
    // "Provision a SCIM enterprise user": emails.primary is required.
    primaryRequired: ['emails'],
  },
};
