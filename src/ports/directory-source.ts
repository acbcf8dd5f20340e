import type {
  Anchor,
  Assignment,
  DirectoryChanges,
  DirectoryGroup,
  DirectoryUser,
  EnterpriseApplication,
  GroupMembership,
  ReadGap,
  Watermark,
  Whereabouts,
} from '../core/directory.ts';
import type { NativeJobs } from '../core/guards/facts.ts';
import type { DirectoryChange, ExactRequest } from '../core/migration/journal.ts';
import type { NativeJob } from '../core/migration/native-job.ts';

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
  /** Groups by object id or name; a name may belong to several. */
  findGroups(idOrName: string, signal: AbortSignal): Promise<readonly { readonly id: Anchor; readonly name: string }[]>;
  /** Groups the user is a direct member of. */
  readGroupsOfUser(user: Anchor, signal: AbortSignal): Promise<readonly Anchor[]>;
  /**
   * Where an incremental cycle may begin. Taken BEFORE a full read, so that what changes during that read is seen again.
   * A full read may still come from a replica behind the watermark: a full read that closes an unexpired watermark
   * should hand on the older one.
   */
  startWatermark(attributes: readonly string[], signal: AbortSignal): Promise<Watermark>;
  /**
   * Everything that changed since the watermark: users by the given attributes, enabled and manager; every group by its
   * attributes and members. Merged over pages, repeats and replays; for each member the last word wins. Assignments have
   * no changes to read: poll them. `expired` when the directory no longer knows the watermark, or it was taken for other
   * attributes: only a full read helps. Anything else that fails throws; there is no partial answer.
   *
   * What is promised and what is not:
   * - Nothing is left out for ever: a change the directory still holds back comes with a later watermark.
   * - Nothing here is proof. What is told may be old, told before, or not yet visible to the other reads; a removed member
   *   may have left or been deleted. Before a member is taken out of a group, `readGroupsOfUser` must say so too
   *   (NotFoundError: the user is gone); where they disagree the member stays and is looked at again.
   * - A deleted user, or a manager who went, may be named in `users` alone and not in the groups or among the reports.
   */
  readChanges(
    since: Watermark,
    attributes: readonly string[],
    signal: AbortSignal,
    progress?: ReadProgress,
  ): Promise<DirectoryChanges | 'expired'>;
  /**
   * Whether the directory's own provisioning engine works on the application. Not known where the permission to look is
   * missing; any other failure throws.
   */
  readNativeJobs(applicationId: Anchor, signal: AbortSignal): Promise<NativeJobs>;
  /**
   * The directory's own provisioning jobs of the application, as they are now. UnauthorizedError where the permission to look
   * is missing.
   */
  readProvisioningJobs(applicationId: Anchor, signal: AbortSignal): Promise<readonly NativeJob[]>;
  /** The request a migration's change is sent as, without credentials: for showing it. Nothing is sent. */
  show(change: DirectoryChange): ExactRequest;
  /** Cheapest authenticated read that proves credentials and permissions; used by `doctor` and at start. */
  check(appId: string, signal: AbortSignal): Promise<readonly CheckResult[]>;
  close(): Promise<void>;
}

/** One line of `headgate doctor`. */
export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  /** It works, and somebody should look at it all the same. */
  readonly warns?: boolean;
  readonly detail: string;
  readonly remedy?: string;
}
