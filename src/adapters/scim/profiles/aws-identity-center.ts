import type { ProviderProfile } from '../../../core/profile.ts';
import { generic } from './generic.ts';

const GUIDE = 'https://docs.aws.amazon.com/singlesignon/latest/developerguide';

/** Values of lists beyond the one that IAM Identity Center takes; the work one stays. */
const SECOND_VALUES = [
  ...['home', 'other'].flatMap((type) => [`emails[type eq "${type}"]`, `addresses[type eq "${type}"]`]),
  ...['mobile', 'fax', 'home', 'pager', 'other'].map((type) => `phoneNumbers[type eq "${type}"]`),
];

/** AWS IAM Identity Center: groups that never show their members, and lists of one. */
export const awsIdentityCenter: ProviderProfile = {
  ...generic,
  name: 'aws-identity-center',
  sources: [
    `${GUIDE}/limitations.html`,
    `${GUIDE}/createuser.html`,
    `${GUIDE}/patchuser.html`,
    `${GUIDE}/creategroup.html`,
    `${GUIDE}/patchgroup.html`,
    `${GUIDE}/listgroups.html`,
    'https://docs.aws.amazon.com/singlesignon/latest/userguide/rotate-token.html',
  ],
  // PatchUser: add, replace and remove with a path, one operation at most on userName and on active, neither removed.
  patch: { ...generic.patch, shape: 'path' },
  // PatchUser changes active; DeleteUser deletes.
  deactivate: { means: 'suspend', deleteMeans: 'delete', staysReadable: true },
  groups: {
    ...generic.groups,
    // PatchGroup: displayName, members and externalId can be changed. There is no PUT on groups.
    rename: true,
    // ListGroups: "GetGroup and ListGroups return an empty member list. To see group info for a certain member, call
    // ListGroups with a member filter."
    membersReadable: 'by-user-filter',
    // PatchGroup: "A maximum of 100 membership changes are allowed in a single request"; all at once is refused.
    membersPerPatch: 100,
    memberRemoval: 'value-filter',
  },
  // Limitations: "Only eq with and is supported".
  filter: { attributes: ['id', 'externalId', 'userName', 'displayName'], and: true },
  // ListGroups and ListUsers: with "cursor" the answer has nextCursor, 100 at most; without it 50 to 100 in all.
  paging: { ...generic.paging, mode: 'cursor', pageSize: 100 },
  // ThrottlingException without a published number; assumed that half the usual is welcome.
  rate: { ...generic.rate, concurrency: 4 },
  token: {
    // Tokens belong to the instance and are made in the console: at most two, a year each (rotate-token).
    ownerCoupled: false,
    concurrent: 2,
    lifetimeDays: 365,
    rotation: 'overlap',
    revoke: 'by-hand',
  },
  attributes: {
    ...generic.attributes,
    // CreateUser: "Only single values are permitted".
    unsupported: SECOND_VALUES,
    // CreateUser: "The givenName, familyName, userName, and displayName fields are required".
    required: ['userName', 'displayName', 'name.givenName', 'name.familyName'],
    // CreateUser: "The emails attribute value must be marked as primary".
    primaryRequired: ['emails'],
  },
};
