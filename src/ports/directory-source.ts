import type {
  Anchor,
  Assignment,
  DirectoryGroup,
  DirectoryUser,
  EnterpriseApplication,
  GroupMembership,
  ReadGap,
  Whereabouts,
} from '../core/directory.ts';

/** Called as a read moves on, for progress only. `total` is absent where the directory does not tell. */
export type ReadProgress = (what: string, done: number, total?: number) => void;

/** A collection read to its end, together with what could not be proved about it. */
export interface ProvenRead<T> {
  readonly value: T;
  /** Empty when complete. A failed or truncated page is an exception, never a gap and never a short list. */
  readonly gaps: readonly ReadGap[];
}

/**
 * The source of authority, read-only. Speaks of users, groups, assignments and roles, not of Graph: other directories
 * are to fit behind it. Every method reads to the end or throws from the error family; none returns a partial list.
 */
export interface DirectorySource {
  /** Reads the enterprise application and its roles by appId. NotFoundError when the tenant has none. */
  readApplication(appId: string, signal: AbortSignal): Promise<EnterpriseApplication>;
  /** Every assignment to the application, all pages. */
  readAssignments(applicationId: Anchor, signal: AbortSignal): Promise<ProvenRead<readonly Assignment[]>>;
  /** Direct members of each group. The proof compares what was read with the directory's own count. */
  readMemberships(
    groups: readonly Anchor[],
    signal: AbortSignal,
    progress?: ReadProgress,
  ): Promise<ProvenRead<ReadonlyMap<Anchor, GroupMembership>>>;
  /** The named groups with their mapped attributes. Ids the directory does not know are missing from the map. */
  readGroups(
    ids: readonly Anchor[],
    attributes: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Anchor, DirectoryGroup>>;
  /**
   * The named users with their mapped attributes and manager. Chooses by number between reading one by one and reading
   * the whole tenant; an id missing from a tenant-wide read is asked for by itself before it counts as absent.
   */
  readUsers(
    ids: readonly Anchor[],
    attributes: readonly string[],
    signal: AbortSignal,
    progress?: ReadProgress,
  ): Promise<ReadonlyMap<Anchor, DirectoryUser>>;
  /** Where each user is now: present, disabled, soft-deleted, or absent for good. Asked for one by one, never inferred. */
  locateUsers(ids: readonly Anchor[], signal: AbortSignal): Promise<ReadonlyMap<Anchor, Whereabouts>>;
  /** A user by object id or userPrincipalName; undefined when there is none. */
  findUser(idOrName: string, attributes: readonly string[], signal: AbortSignal): Promise<DirectoryUser | undefined>;
  /** Groups the user is a direct member of. */
  readGroupsOfUser(user: Anchor, signal: AbortSignal): Promise<readonly Anchor[]>;
  /** Cheapest authenticated read that proves credentials and permissions; used by `doctor` and at start. */
  check(appId: string, signal: AbortSignal): Promise<readonly CheckResult[]>;
  close(): Promise<void>;
}

/** One line of `headgate doctor`. */
export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy?: string;
}
