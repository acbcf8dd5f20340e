import type { ProviderProfile } from '../../../core/profile.ts';
import { generic } from './generic.ts';

/** Uniqkey: whoever leaves the scope leaves the company there, and with it what the password vault holds. */
export const uniqkey: ProviderProfile = {
  ...generic,
  name: 'uniqkey',
  sources: ['Uniqkey support: "Disable SCIM and remove groups"'],
  deactivate: {
    // The guide: a user who is not assigned any more "will be removed from your company in Uniqkey".
    means: 'remove',
    // No source says what DELETE does; assumed irreversible.
    deleteMeans: 'irreversible',
    staysReadable: false,
  },
  groups: {
    ...generic.groups,
    // The guide's author has not tested what becomes of the members of a group that is deleted; assumed the worst.
    deleteCascades: true,
  },
  // No source lists filters; assumed those that every server tried understands.
  filter: { attributes: ['id', 'externalId', 'userName'], and: false },
  token: {
    // No source; assumed that it goes with the person who made it.
    ownerCoupled: true,
    // The guide speaks of the one secret token under Settings, Integrations, which is deleted there by hand.
    concurrent: 1,
    lifetimeDays: null,
    rotation: 'cutover',
    revoke: 'by-hand',
  },
};
