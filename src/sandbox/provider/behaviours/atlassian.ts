import type { Behaviour } from '../behaviour.ts';
import { generic } from './generic.ts';

/** Atlassian cloud: groups keep their names, and a new key ends the old one. */
export const atlassian: Behaviour = {
  ...generic,
  name: 'atlassian',
  sources: ['https://developer.atlassian.com/cloud/admin/user-provisioning/rest/api-group-groups/'],
  basePath: '/scim/directory/5c1a0003',
  etag: 'ignored',
  groupRename: false,
  filters: 'one-eq',
  tokenOwner: 'coupled',
  tokens: { most: 1, beyond: 'replace' },
};
