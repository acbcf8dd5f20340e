import type { Departure } from './departure.ts';
import type { Anchor } from './directory.ts';
import type { ResourceId } from './scim.ts';

/** Anchor ↔ resource id at the provider: the only thing that makes an account or SCIM group Headgate's to change. */
export interface Link {
  readonly resource: 'account' | 'group';
  readonly anchor: Anchor;
  readonly resourceId: ResourceId;
  /**
   * `active`: provisioned. `disabled`: deprovisioned by Headgate, kept so that it can be reactivated, or deleted later
   * when the user is hard-deleted. `deleted`: a tombstone; the provider no longer holds it.
   */
  readonly state: 'active' | 'disabled' | 'deleted';
  /** Why it was disabled or deleted. */
  readonly cause?: string;
  /** Last known name of the object (userPrincipalName, group name), so that a removal can still say who. */
  readonly label: string;
  /** `created`, or the attribute an existing resource was matched by. */
  readonly origin: string;
  /** The ways the user was in scope when last seen, so that a removal can say which one was lost. */
  readonly paths?: readonly RememberedPath[];
  /** Users this one refers to (the manager) who had no account when last seen. */
  readonly awaiting?: readonly Anchor[];
  /** Members Headgate put into a SCIM group, by anchor: the memory for providers that do not show members. */
  readonly members?: readonly Anchor[];
  /** Why its user or group is not entitled any more, and what will be done about it. Absent while they are. */
  readonly departure?: Departure;
}

/** What a link remembers of the directory, written without an operation when only that changed. */
export interface LinkMemory extends Pick<Link, 'resource' | 'anchor'> {
  readonly paths: readonly RememberedPath[];
  readonly awaiting: readonly Anchor[];
  /** Null: entitled. */
  readonly departure: Departure | null;
}

/** A scope path as remembered on a link: `group` is absent for a direct assignment. */
export interface RememberedPath {
  readonly group?: Anchor;
  /** The group's name when last seen. */
  readonly name?: string;
}
