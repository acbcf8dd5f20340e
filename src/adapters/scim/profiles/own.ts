import type { ProviderProfile } from '../../../core/profile.ts';
import { generic } from './generic.ts';

/** Own (OwnBackup): users only, with one token that Master Admins and Security Admins generate and revoke. */
export const own: ProviderProfile = {
  ...generic,
  name: 'own',
  sources: ['Own documentation: "Provisioning and Deprovisioning SCIM"'],
  // "The User status will be Disabled". No source says what DELETE does; assumed irreversible.
  deactivate: { means: 'suspend', deleteMeans: 'irreversible', staysReadable: true },
  // The page speaks of user accounts only; assumed that there are no groups.
  groups: { ...generic.groups, supported: false },
  // No source lists filters; assumed those that every server tried understands.
  filter: { attributes: ['id', 'externalId', 'userName'], and: false },
  token: {
    // No source; assumed that it goes with the admin who generated it.
    ownerCoupled: true,
    // "Generate" and "Revoke" work on the one token there is; revoking stops the API at once.
    concurrent: 1,
    lifetimeDays: null,
    rotation: 'cutover',
    revoke: 'by-hand',
  },
};
