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
  tokens: { most: 1, beyond: 'replace' },
};
