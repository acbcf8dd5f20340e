import type { Behaviour } from '../behaviour.ts';
import { generic } from './generic.ts';

/** GitHub Enterprise Managed Users: few attributes, no value paths, and a DELETE that is for ever. */
export const githubEmu: Behaviour = {
  ...generic,
  name: 'github-emu',
  sources: ['https://docs.github.com/en/enterprise-cloud@latest/rest/enterprise-admin/scim'],
  basePath: '/scim/v2/enterprises/acme',
  etag: 'ignored',
  deleteUser: 'irreversible',
  required: ['externalId', 'displayName', 'emails'],
  primaryRequired: ['emails'],
  filters: 'one-eq',
  valuePaths: 'ineffective',
  userAgent: 'required',
  tokenOwner: 'coupled',
  defaultCount: 30,
  maxResults: 100,
};
