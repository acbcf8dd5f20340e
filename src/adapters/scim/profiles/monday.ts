import type { ProviderProfile } from '../../../core/profile.ts';
import { generic } from './generic.ts';

/** monday.com (Enterprise plan): users and teams, with a token that belongs to the admin who generated it. */
export const monday: ProviderProfile = {
  ...generic,
  name: 'monday',
  sources: [
    'https://support.monday.com/hc/en-us/articles/360021893619-SCIM-Provisioning-API',
    'monday.com support: "Why can\'t I deactivate or change the user type of an admin?"',
  ],
  // SCIM Provisioning API: "de-provision (deactivate)". No source says what DELETE does; assumed irreversible.
  deactivate: { means: 'suspend', deleteMeans: 'irreversible', staysReadable: true },
  groups: {
    // Same page: groups are teams; they can be renamed, users assigned and unassigned.
    ...generic.groups,
    // No source on reading members, on members per request and on deleting a team that has some: as the RFC has it.
  },
  // No source lists filters; assumed those that every server tried understands.
  filter: { attributes: ['id', 'externalId', 'userName'], and: false },
  // Public scripts that call the API: without this parameter a list shows only the users that SCIM made.
  paging: { ...generic.paging, listParameters: { scim_provisioned_only: 'false' } },
  token: {
    // Support article: the token "will stop working due to it being linked to the admin user that generated it".
    ownerCoupled: true,
    // Same article: "All tokens" lists several, the new one is made before the old one is deleted, by hand.
    concurrent: null,
    lifetimeDays: null,
    rotation: 'overlap',
    revoke: 'by-hand',
  },
};
