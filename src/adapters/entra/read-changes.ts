import { createHash } from 'node:crypto';
import type { Anchor, DirectoryChanges, Watermark } from '../../core/directory.ts';
import { TransientError } from '../../core/errors.ts';
import type { DirectorySource, ReadProgress } from '../../ports/directory-source.ts';
import { selectAttributes } from './attributes.ts';
import { CALLS } from './call.ts';
import type { GraphClient } from './graph-client.ts';
import { createGroupChanges } from './group-changes.ts';
import { requireText } from './paging.ts';
import { readDelta } from './read-delta.ts';
import { GROUP_PROPERTIES } from './read-groups.ts';

/** Change tracking over `users/delta` and `groups/delta` (entra.md 3.3). */
export type Tracking = Pick<DirectorySource, 'startWatermark' | 'readChanges'>;

/** What is watched, as both first addresses ask for it, and its digest. */
interface Watched {
  readonly users: string;
  readonly groups: string;
  readonly digest: string;
}

/** Tracks the changes of one tenant. Keeps nothing: where a read goes on is in the watermark. */
export function createTracking(graph: GraphClient, tenant: string, now: () => number): Tracking {
  function watch(attributes: readonly string[]): Watched {
    const users = selectAttributes(attributes, ['id', 'accountEnabled', 'manager']).select;
    const groups = selectAttributes(['displayName'], [...GROUP_PROPERTIES, 'members']).select;
    // A link of another tenant or endpoint would be refused, or worse, answered.
    const digest = createHash('sha256')
      .update(JSON.stringify([graph.root.href, tenant.toLowerCase(), users, groups]))
      .digest('base64url');
    return { users: `/users/delta?$select=${users}`, groups: `/groups/delta?$select=${groups}`, digest };
  }

  async function latest(call: (typeof CALLS)['userChanges' | 'groupChanges'], path: string, signal: AbortSignal) {
    const end = await readDelta(graph, call, `${path}&$deltatoken=latest`, signal, () => undefined);
    if (end !== 'expired') return end.deltaLink;
    throw new TransientError(`Microsoft Graph gave no point to track changes from while ${call.what}.`, {
      remedy: call.mend,
    });
  }

  async function startWatermark(attributes: readonly string[], signal: AbortSignal): Promise<Watermark> {
    const { users, groups, digest } = watch(attributes);
    const takenAt = now();
    return {
      groups: await latest(CALLS.groupChanges, groups, signal),
      users: await latest(CALLS.userChanges, users, signal),
      selection: digest,
      takenAt,
    };
  }

  async function readChanges(
    since: Watermark,
    attributes: readonly string[],
    signal: AbortSignal,
    progress?: ReadProgress,
  ): Promise<DirectoryChanges | 'expired'> {
    const { digest } = watch(attributes);
    if (since.selection !== digest) return 'expired';
    const takenAt = now();
    const changes = createGroupChanges();
    const users = new Set<Anchor>();
    let done = 0;
    const tell = (): void => progress?.('changes', (done += 1));
    // Groups first: whoever was taken out of a group by being deleted is then among the users read after it.
    const groupsEnd = await readDelta(graph, CALLS.groupChanges, since.groups, signal, (object) => {
      changes.take(object);
      tell();
    });
    if (groupsEnd === 'expired') return 'expired';
    const usersEnd = await readDelta(graph, CALLS.userChanges, since.users, signal, (object) => {
      users.add(requireText(object, 'id', CALLS.userChanges));
      tell();
    });
    if (usersEnd === 'expired') return 'expired';
    const watermark = { users: usersEnd.deltaLink, groups: groupsEnd.deltaLink, selection: digest, takenAt };
    return { watermark, users, groups: changes.all() };
  }

  return { startWatermark, readChanges };
}
