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

/** Everything a cycle knows about the directory, read to its end or with the gaps named. */
export interface DirectorySnapshot {
  readonly application: EnterpriseApplication;
  readonly assignments: readonly Assignment[];
  /** Assigned groups (and expanded nested ones) by id. */
  readonly groups: ReadonlyMap<Anchor, DirectoryGroup>;
  readonly memberships: ReadonlyMap<Anchor, GroupMembership>;
  /** Every user reached through an assignment, by id. */
  readonly users: ReadonlyMap<Anchor, DirectoryUser>;
  /** Where linked users that are not reached through an assignment are now. */
  readonly whereabouts: ReadonlyMap<Anchor, Whereabouts>;
  readonly gaps: readonly ReadGap[];
}

/** Opaque to everybody but the directory adapter that made it: where reading changes may begin. JSON-serialisable. */
export interface Watermark {
  readonly takenAt: number;
  readonly [key: string]: string | number;
}
