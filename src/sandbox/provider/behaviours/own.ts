import type { Behaviour } from '../behaviour.ts';
import { generic } from './generic.ts';

/** Own (OwnBackup): one token, whose successor ends it. */
export const own: Behaviour = {
  ...generic,
  name: 'own',
  sources: ['Own documentation: "Provisioning and Deprovisioning SCIM"'],
  etag: 'ignored',
  deleteUser: 'irreversible',
  filters: 'one-eq',
  tokenOwner: 'coupled',
  // Same page: who may generate, that SSO is configured and activated, that revoking is confirmed, and which mails are sent.
  adminPages: {
    adminTypes: ['Master Admin', 'Security Admin'],
    ownerGuard: 'off',
    needsSso: true,
    confirmsDelete: true,
    mails: true,
  },
  tokens: { most: 1, beyond: 'replace' },
};
