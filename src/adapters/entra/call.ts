/** The application permissions of Microsoft Graph that are ever asked for (entra.md 3.7); Synchronization.Read.All may be missing. */
export type GraphPermission =
  | 'Application.Read.All'
  | 'GroupMember.Read.All'
  | 'User.Read.All'
  | 'Synchronization.Read.All'
  // Of the separate identity of migrations only.
  | 'AppRoleAssignment.ReadWrite.All'
  | 'Synchronization.ReadWrite.All';

/** What a request is for, so that its failure can say so without quoting the address. */
export interface Call {
  /** Continues "Microsoft Graph refused …": `reading the members of a group`. No personal data. */
  readonly what: string;
  /** The least permission that allows it. */
  readonly permission: GraphPermission;
  /** What to look at when Graph finds the request itself wrong (400). */
  readonly mend?: string;
}

const MEND_MAPPING =
  'Check that every source attribute of the mapping is a property of Microsoft Graph users or groups, spelt as there.';

export const CALLS = {
  application: { what: 'reading the enterprise application', permission: 'Application.Read.All' },
  assignments: { what: 'reading the assignments of the enterprise application', permission: 'Application.Read.All' },
  members: { what: 'reading the members of a group', permission: 'GroupMember.Read.All' },
  memberCount: { what: 'counting the members of a group', permission: 'GroupMember.Read.All' },
  groups: { what: 'reading groups', permission: 'GroupMember.Read.All', mend: MEND_MAPPING },
  groupsOfUser: { what: 'reading the groups of a user', permission: 'GroupMember.Read.All' },
  users: { what: 'reading users', permission: 'User.Read.All', mend: MEND_MAPPING },
  userChanges: { what: 'reading the changes of users', permission: 'User.Read.All', mend: MEND_MAPPING },
  groupChanges: { what: 'reading the changes of groups', permission: 'GroupMember.Read.All', mend: MEND_MAPPING },
  nativeJobs: { what: "reading Entra's own provisioning jobs", permission: 'Synchronization.Read.All' },
  assign: { what: 'assigning a user to the enterprise application', permission: 'AppRoleAssignment.ReadWrite.All' },
  unassign: { what: 'removing an assignment', permission: 'AppRoleAssignment.ReadWrite.All' },
  pauseJob: { what: "pausing Entra's own provisioning job", permission: 'Synchronization.ReadWrite.All' },
  deletedUsers: { what: 'looking for deleted users', permission: 'User.Read.All' },
} as const satisfies Record<string, Call>;
