/** How Entra ID writes ids of objects, applications and tenants. Without flags, so that the published schema can carry it. */
export const GUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

/** The immutable id of an object in the directory (Entra: objectId). */
export type Anchor = string;

/** A value the directory holds for an attribute. Absent and null are both "no value". */
export type AttributeValue = string | number | boolean | readonly string[] | null;

/** A person (or guest) in the directory. Never used for an account at a service provider. */
export interface DirectoryUser {
  readonly id: Anchor;
  /** False when sign-in is blocked in the directory. */
  readonly enabled: boolean;
  /** Source attributes by their directory name (`userPrincipalName`, `onPremisesExtensionAttributes.extensionAttribute1`, …). */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly manager?: Anchor;
}

/** What kind of directory group it is decides what may be done to it in a migration. */
export interface DirectoryGroup {
  readonly id: Anchor;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly dynamic: boolean;
  readonly onPremises: boolean;
  readonly mailEnabled: boolean;
  readonly securityEnabled: boolean;
  readonly roleAssignable: boolean;
}

export interface AppRole {
  readonly id: string;
  readonly value: string | null;
  readonly displayName: string;
  readonly enabled: boolean;
}

/** The enterprise application (service principal) whose assignments define the scope of a connection. */
export interface EnterpriseApplication {
  /** Object id of the service principal. */
  readonly id: Anchor;
  readonly appId: string;
  readonly displayName: string;
  readonly roles: readonly AppRole[];
}

/** An app role assignment of a principal to the enterprise application. */
export interface Assignment {
  readonly id: string;
  readonly principal: Anchor;
  readonly principalKind: 'user' | 'group' | 'service-principal';
  /** All-zero when the application declares no roles. */
  readonly roleId: string;
  /** When it was made, as the directory writes it. Absent where that does not say. */
  readonly created?: string;
}

/** The members of one directory group as read. */
export interface GroupMembership {
  readonly group: Anchor;
  readonly users: readonly Anchor[];
  /** Groups found inside; members of these are in scope only when nested groups are expanded. */
  readonly nestedGroups: readonly Anchor[];
  /** Devices, contacts and service principals, which are never provisioned. */
  readonly others: number;
}

/** Where a user that is no longer in scope is now: the cause of their removal depends on it. */
export type Whereabouts = 'present' | 'disabled' | 'soft-deleted' | 'absent';

/** Why a read cannot be taken as the whole truth. An empty list is the completeness proof of design section 4.2. */
export interface ReadGap {
  readonly what: string;
  readonly expected?: number;
  readonly found?: number;
}

/**
 * Where the next incremental read of the directory begins. Opaque: only the directory that gave it can read it. Plain
 * JSON, to be stored with the effects of the cycle it belongs to and nowhere else; its addresses are never logged.
 */
export interface Watermark {
  /** Where the changes of users go on. */
  readonly users: string;
  /** Where the changes of groups and their members go on. */
  readonly groups: string;
  /** Digest of the directory and of the attributes that are watched: a watermark is good for these alone. */
  readonly selection: string;
  /** Everything changed from then on is still to be read, in ms since the epoch. */
  readonly takenAt: number;
}

/** What happened to one directory group since a watermark, over all its changes. */
export interface GroupChange {
  /** Deleted, for good or not. What it lost before does not matter any more and is left out. */
  readonly gone: boolean;
  /** It is new, was restored, or its own attributes changed. A restored group may come without its members. */
  readonly changed: boolean;
  /** Users who joined. */
  readonly added: ReadonlySet<Anchor>;
  /** Users who left the group **or were deleted**: the directory does not say which. */
  readonly removed: ReadonlySet<Anchor>;
  /** Groups put into this one, whose members are in scope only when nested groups are expanded. */
  readonly nestedAdded: ReadonlySet<Anchor>;
  /** Groups taken out of this one, or deleted. */
  readonly nestedRemoved: ReadonlySet<Anchor>;
}

/** Whom to look at again: where something changed since a watermark, never what is true now. */
export interface DirectoryChanges {
  /** Where the next read begins, once everything here has taken effect. */
  readonly watermark: Watermark;
  /** Users created, updated, deleted or restored. */
  readonly users: ReadonlySet<Anchor>;
  readonly groups: ReadonlyMap<Anchor, GroupChange>;
}

/** Everything a cycle knows about the directory, read to its end or with the gaps named. */
export interface DirectorySnapshot {
  readonly application: EnterpriseApplication;
  readonly assignments: readonly Assignment[];
  /** Assigned groups (and expanded nested ones) by id. */
  readonly groups: ReadonlyMap<Anchor, DirectoryGroup>;
  readonly memberships: ReadonlyMap<Anchor, GroupMembership>;
  /** Every user reached through an assignment, by id, and others whose names or whereabouts matter. */
  readonly users: ReadonlyMap<Anchor, DirectoryUser>;
  /** Where linked users that are not reached through an assignment are now. */
  readonly whereabouts: ReadonlyMap<Anchor, Whereabouts>;
  readonly gaps: readonly ReadGap[];
}
