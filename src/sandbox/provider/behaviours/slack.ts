import type { Behaviour } from '../behaviour.ts';
import { generic } from './generic.ts';

/** Slack (SCIM 2.0): DELETE deactivates, userNames become handles of 21 characters, a page holds ten, and writes wait for the minute. */
export const slack: Behaviour = {
  ...generic,
  name: 'slack',
  sources: [
    'https://docs.slack.dev/reference/scim-api',
    'https://docs.slack.dev/reference/scim-api/rate-limits',
    'https://slack.dev/python-slack-sdk/scim/index.html',
  ],
  etag: 'ignored',
  deleteUser: 'deactivate',
  membersPerRequest: 15_000,
  required: ['emails'],
  userName: 'handle',
  userNameMaxLength: 21,
  filters: 'one-eq',
  errorStatus: 'number',
  // Rate limits: each endpoint has its own, beside those on all writes and all reads; Retry-After says how long to wait.
  rates: [
    { methods: ['POST', 'PUT', 'PATCH', 'DELETE'], of: 'requests', requests: 600, seconds: 60, burst: 180 },
    { methods: ['GET'], of: 'requests', requests: 1_000, seconds: 60, burst: 1_000 },
    { methods: ['POST'], type: 'User', of: 'requests', requests: 180, seconds: 60, burst: 20 },
    { methods: ['PUT', 'PATCH'], type: 'User', of: 'requests', requests: 180, seconds: 60, burst: 20 },
    { methods: ['DELETE'], type: 'User', of: 'requests', requests: 180, seconds: 60, burst: 20 },
    { methods: ['GET'], type: 'User', of: 'requests', requests: 300, seconds: 60, burst: 300 },
    { methods: ['PATCH'], type: 'Group', of: 'requests', requests: 180, seconds: 60, burst: 80 },
  ],
  tokenOwner: 'coupled',
  defaultCount: 10,
  maxResults: 1_000,
};
