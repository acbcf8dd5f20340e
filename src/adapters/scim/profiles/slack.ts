import type { ProviderProfile } from '../../../core/profile.ts';
import { generic } from './generic.ts';

/** Slack (SCIM 2.0): nobody is ever deleted, userNames are short, and a resource takes one change at a time. */
export const slack: ProviderProfile = {
  ...generic,
  name: 'slack',
  sources: [
    'https://docs.slack.dev/reference/scim-api',
    'https://docs.slack.dev/reference/scim-api/rate-limits',
    'https://slack.dev/python-slack-sdk/scim/index.html',
  ],
  // SCIM API reference: "DELETE /Users/<id> Sets a Slack user to deactivated", as active:false does.
  deactivate: { means: 'suspend', deleteMeans: 'suspend', staysReadable: true },
  groups: {
    ...generic.groups,
    // SCIM API reference: more than 15,000 users in one request are too_many_users. No source says how long such a
    // request takes; assumed that a thousand are done in time.
    membersPerPatch: 1_000,
    // SCIM API reference: workspace members stay when a group is deleted, members included.
    deleteCascades: false,
  },
  // The page gives one list of filters for both versions; assumed that 2.0 surely knows only this one.
  filter: { attributes: ['userName'], and: false },
  // SCIM API reference: ten on a page by default, counts above 1000 are taken for 1000.
  paging: { ...generic.paging, pageSize: 1_000 },
  rate: {
    ...generic.rate,
    // Rate limits: 180 changes of users a minute, 600 writes a minute in all; one change at a time per user or group,
    // a second one is answered 429 resource_locked.
    concurrency: 4,
    requestsPerSecond: 3,
    resourceLock: true,
  },
  token: {
    // SCIM API reference: the token has the scope admin, and its creator must stay Admin or Owner.
    ownerCoupled: true,
    concurrent: null,
    lifetimeDays: null,
    rotation: 'overlap',
    // No source for SCIM tokens; assumed by hand.
    revoke: 'by-hand',
  },
  attributes: {
    ...generic.attributes,
    // Python SDK guide: a user needs a userName and an e-mail address.
    required: ['userName', 'emails[type eq "work"].value'],
    // SCIM API reference: at most 21 characters, lower-case letters, digits, `. _ -`; others are changed to fit.
    userNameMaxLength: 21,
    userNameCharacters: 'a-z0-9._-',
    userNameNormalised: true,
  },
};
