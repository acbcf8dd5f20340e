import pMap from 'p-map';
import type { Anchor, GroupMembership, ReadGap } from '../../core/directory.ts';
import { IncompleteReadError, NotFoundError } from '../../core/errors.ts';
import type { ProvenRead, ReadProgress } from '../../ports/directory-source.ts';
import { CALLS } from './call.ts';
import { EVENTUAL, type GraphClient } from './graph-client.ts';
import type { Patience } from './options.ts';
import { readPages, requireText } from './paging.ts';

const GROUPS_AT_ONCE = 8;

/** Reads of one group before list and count that disagree are reported as a gap, and the wait between them in ms. */
const READS = 3;
const WAIT_MS = 2000;

/** Index prefix of OData types, as in `#microsoft.graph.user`. */
const TYPE_PREFIX = '#microsoft.graph.';

/**
 * Direct members of each group, each list compared with `/members/$count`. The count comes from an index that lags
 * behind (learn.microsoft.com/graph/aad-advanced-queries), so on disagreement both are read again before it is a gap.
 * A group that vanished is missing from the map and a gap.
 */
export async function readMemberships(
  graph: GraphClient,
  wait: Patience['wait'],
  groups: readonly Anchor[],
  signal: AbortSignal,
  progress?: ReadProgress,
): Promise<ProvenRead<ReadonlyMap<Anchor, GroupMembership>>> {
  const value = new Map<Anchor, GroupMembership>();
  const gaps: ReadGap[] = [];
  let done = 0;
  await pMap(
    groups,
    async (group) => {
      const { membership, gap } = await readProven(graph, wait, group, signal);
      if (membership !== undefined) value.set(group, membership);
      if (gap !== undefined) gaps.push(gap);
      done += 1;
      progress?.('memberships', done, groups.length);
    },
    { concurrency: GROUPS_AT_ONCE, signal },
  );
  // Groups finish in any order; the same directory must give the same snapshot.
  gaps.sort((a, b) => (a.what < b.what ? -1 : 1));
  const ordered = groups.flatMap((group): [Anchor, GroupMembership][] => {
    const membership = value.get(group);
    return membership === undefined ? [] : [[group, membership]];
  });
  return { value: new Map(ordered), gaps };
}

interface ProvenMembership {
  readonly membership?: GroupMembership;
  readonly gap?: ReadGap;
}

async function readProven(
  graph: GraphClient,
  wait: Patience['wait'],
  group: Anchor,
  signal: AbortSignal,
): Promise<ProvenMembership> {
  const what = `members of group ${group}`;
  for (let read = 1; ; read += 1) {
    try {
      const membership = await readMembers(graph, group, signal);
      const expected = await countMembers(graph, group, signal);
      const found = membership.users.length + membership.nestedGroups.length + membership.others;
      if (found === expected) return { membership };
      if (read === READS) return { membership, gap: { what, expected, found } };
    } catch (error) {
      if (error instanceof NotFoundError) return { gap: { what: `${what}, which the directory no longer has` } };
      throw error;
    }
    await wait(WAIT_MS, signal);
  }
}

async function readMembers(graph: GraphClient, group: Anchor, signal: AbortSignal): Promise<GroupMembership> {
  const path = `/groups/${encodeURIComponent(group)}/members?$select=id&$top=999`;
  const users = new Set<Anchor>();
  const nestedGroups = new Set<Anchor>();
  const others = new Set<Anchor>();
  for await (const page of readPages(graph, CALLS.members, path, signal)) {
    for (const member of page) {
      const id = requireText(member, 'id', CALLS.members);
      const type = requireText(member, '@odata.type', CALLS.members);
      if (type === `${TYPE_PREFIX}user`) users.add(id);
      else if (type === `${TYPE_PREFIX}group`) nestedGroups.add(id);
      else others.add(id);
    }
  }
  return { group, users: [...users], nestedGroups: [...nestedGroups], others: others.size };
}

async function countMembers(graph: GraphClient, group: Anchor, signal: AbortSignal): Promise<number> {
  const path = `/groups/${encodeURIComponent(group)}/members/$count`;
  return readCount(await graph.get(CALLS.memberCount, path, signal, EVENTUAL));
}

/** A `$count` answer, which is plain text. @throws IncompleteReadError when it is no number */
export function readCount(body: unknown): number {
  // Some Graph hosts put a byte order mark before the number.
  const text = typeof body === 'string' ? body.replace(/^\uFEFF/u, '') : String(body);
  if (!/^\d+$/u.test(text)) throw new IncompleteReadError('Microsoft Graph answered a count without a number.');
  return Number(text);
}

/** Groups the user is a direct member of, by id. @throws NotFoundError when there is no such user */
export async function readGroupsOfUser(
  graph: GraphClient,
  user: Anchor,
  signal: AbortSignal,
): Promise<readonly Anchor[]> {
  const groups = new Set<Anchor>();
  const path = `/users/${encodeURIComponent(user)}/memberOf?$select=id&$top=999`;
  for await (const page of readPages(graph, CALLS.groupsOfUser, path, signal)) {
    for (const object of page) {
      if (requireText(object, '@odata.type', CALLS.groupsOfUser) !== `${TYPE_PREFIX}group`) continue;
      groups.add(requireText(object, 'id', CALLS.groupsOfUser));
    }
  }
  return [...groups];
}
