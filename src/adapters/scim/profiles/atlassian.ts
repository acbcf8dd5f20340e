import type { ProviderProfile } from '../../../core/profile.ts';
import { generic } from './generic.ts';

/** Atlassian cloud: a SCIM group keeps its name for ever, and a new key ends the old one at once. */
export const atlassian: ProviderProfile = {
  ...generic,
  name: 'atlassian',
  sources: [
    'https://developer.atlassian.com/cloud/admin/user-provisioning/rest/api-group-groups/',
    'https://support.atlassian.com/provisioning-users/docs/manage-scim-api-key-expiration/',
  ],
  deactivate: {
    // No source reached for active:false; Atlassian's word is "deactivate", assumed a suspension that can be undone.
    means: 'suspend',
    // DELETE takes the user out of the store that all directories of the account share.
    deleteMeans: 'delete',
    staysReadable: true,
  },
  groups: {
    ...generic.groups,
    // Groups, PATCH: "Renaming groups after they've synced to your Atlassian organization isn't supported".
    rename: false,
    // Groups, GET: members are shown. Members per request are not said; assumed the lowest limit published anywhere.
    membersReadable: 'full',
  },
  // No source lists filters; assumed those that every server tried understands.
  filter: { attributes: ['id', 'externalId', 'userName'], and: false },
  token: {
    // No source; assumed that it goes with the admin who made it.
    ownerCoupled: true,
    // Key expiration: a year; "when you regenerate, the existing key stops working".
    concurrent: 1,
    lifetimeDays: 365,
    rotation: 'cutover',
    revoke: 'by-hand',
  },
};
