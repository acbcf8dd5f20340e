import type { Behaviour } from '../behaviour.ts';
import { generic } from './generic.ts';

const GUIDE = 'https://docs.aws.amazon.com/singlesignon/latest/developerguide';

/** AWS IAM Identity Center: members are never shown, lists hold one value, pages follow a cursor. */
export const awsIdentityCenter: Behaviour = {
  ...generic,
  name: 'aws-identity-center',
  sources: [`${GUIDE}/limitations.html`, `${GUIDE}/patchgroup.html`, `${GUIDE}/listgroups.html`],
  basePath: '/tenant/scim/v2',
  etag: 'ignored',
  patchAnswer: { User: 'full', Group: 'no-content' },
  groupPut: 'refuse',
  groupMembers: 'empty-list',
  membersPerRequest: 100,
  required: ['displayName', 'name.givenName', 'name.familyName'],
  singleValued: ['emails', 'phoneNumbers', 'addresses'],
  primaryRequired: ['emails'],
  filters: 'eq-and',
  paging: 'index-or-cursor',
  tokens: { most: 2, beyond: 'refuse' },
  defaultCount: 100,
  maxResults: 100,
};
