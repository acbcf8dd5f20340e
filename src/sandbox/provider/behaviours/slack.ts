import type { Behaviour } from '../behaviour.ts';
import { generic } from './generic.ts';

/** Slack (SCIM 2.0): DELETE deactivates, userNames become handles of 21 characters, a page holds ten. */
export const slack: Behaviour = {
  ...generic,
  name: 'slack',
  sources: ['https://docs.slack.dev/reference/scim-api', 'https://slack.dev/python-slack-sdk/scim/index.html'],
  etag: 'ignored',
  deleteUser: 'deactivate',
  membersPerRequest: 15_000,
  required: ['emails'],
  userName: 'handle',
  userNameMaxLength: 21,
  filters: 'one-eq',
  errorStatus: 'number',
  tokenOwner: 'coupled',
  defaultCount: 10,
  maxResults: 1_000,
};
