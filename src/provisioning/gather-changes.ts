import { rolesChanged, rolesDigest, type Baseline } from '../core/baseline.ts';
import type { Anchor, DirectorySnapshot } from '../core/directory.ts';
import type { Link } from '../core/link.ts';
import type { Focus, UnsureMembers } from '../core/planning/plan-input.ts';
import { findConcerned, type ChangesRequest } from './concerned.ts';
import { contradicted } from './contradicted.ts';
import { focusOf, readFocus } from './read-focus.ts';
import { counted } from '../core/reasons.ts';

/** With more users to look at than this, and more than this share of the linked ones, reading everything is cheaper. */
const MOST_USERS = 2000;
const MOST_SHARE = 0.2;

/** What an incremental cycle gathered: the part of the directory that may have changed, and whom that concerns. */
export interface GatheredChanges {
  readonly directory: DirectorySnapshot;
  /** Links of the focus, of the users they refer to, and of all groups. */
  readonly links: readonly Link[];
  readonly focus: Focus;
  readonly unsure: ReadonlyMap<Anchor, UnsureMembers>;
  /** Absent after a read with gaps: whoever was missing from it would not be looked at again. */
  readonly baseline?: Baseline;
}

/** Why everything has to be read instead. */
export interface TooMuch {
  readonly everything: string;
  /** Users the directory told of, who are looked at once more by the next cycle all the same. */
  readonly told: readonly Anchor[];
}

/**
 * Reads what changed since a baseline and whom that concerns, in proportion to the change: assignments are polled, users
 * and groups come from the directory's delta, and every user concerned is read anew rather than pieced together.
 */
export async function gatherChanges(request: ChangesRequest): Promise<GatheredChanges | TooMuch | 'expired'> {
  const { since } = request;
  const concerned = await findConcerned(request);
  if (concerned === 'expired') return 'expired';
  const { told, unsure } = concerned;
  if (rolesChanged(since, concerned.application)) return { everything: 'roles of the application changed', told };
  const focus = await focusOf(request, concerned);
  const { size } = focus.users;
  if (size > MOST_USERS && size > focus.linked.accounts * MOST_SHARE)
    return { everything: `${counted(size, 'user is', 'users are')} concerned`, told };
  const read = await readFocus(request, concerned);
  if (read.directory.gaps.length > 0) return { ...read, focus, unsure };
  const again = new Set([...told, ...contradicted(read.directory, request.connection.rules)]);
  const baseline = {
    ...since,
    watermark: concerned.changes.watermark,
    assignments: concerned.assignments.value,
    again: [...again].sort(),
    roles: rolesDigest(concerned.application),
  };
  return { ...read, focus, unsure, baseline };
}
