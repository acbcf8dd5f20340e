import type { Behaviour } from '../behaviour.ts';
import { generic } from './generic.ts';

/** GitHub Enterprise Managed Users: few attributes, no value paths, a DELETE that is for ever, and newcomers by the hour. */
export const githubEmu: Behaviour = {
  ...generic,
  name: 'github-emu',
  sources: [
    'https://docs.github.com/en/enterprise-cloud@latest/rest/enterprise-admin/scim',
    'github/docs: data/reusables/scim/emu-scim-rate-limit-details.md',
  ],
  basePath: '/scim/v2/enterprises/acme',
  etag: 'ignored',
  deleteUser: 'irreversible',
  required: ['externalId', 'displayName', 'emails'],
  primaryRequired: ['emails'],
  filters: 'one-eq',
  valuePaths: 'ineffective',
  // Rate limit details: 1,000 users an hour onto the application, and into each group. Which header says how long to wait is
  // not said.
  rates: [
    { methods: ['POST'], type: 'User', of: 'requests', requests: 1_000, seconds: 3_600, burst: 1_000 },
    { methods: ['POST', 'PUT', 'PATCH'], type: 'Group', of: 'members', requests: 1_000, seconds: 3_600, burst: 1_000 },
  ],
  userAgent: 'required',
  tokenOwner: 'coupled',
  defaultCount: 30,
  maxResults: 100,
};
