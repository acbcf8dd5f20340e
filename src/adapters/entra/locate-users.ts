import type { Anchor, Whereabouts } from '../../core/directory.ts';
import { CALLS, type Call } from './call.ts';
import type { GraphClient } from './graph-client.ts';
import { isObjectMissing } from './graph-failure.ts';
import { objectOf, type RawObject } from './json.ts';
import type { Patience } from './options.ts';
import { requireSameId } from './paging.ts';
import { readEnabled } from './read-users.ts';

/** Before whoever is found nowhere is looked for once more, in ms. */
const WAIT_MS = 2000;

/**
 * Where each user is. `absent` leads to deletion, so it takes five answers: not among the users, not among the deleted
 * ones, and still not among the users, for somebody may be restored between the first two; after a while the last two once
 * more, for a replica may know that somebody is no user any more before another has them among the deleted.
 * Graph: GET /users/{id} and GET /directory/deletedItems/{id}.
 */
export async function locateUsers(
  graph: GraphClient,
  wait: Patience['wait'],
  ids: readonly Anchor[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Anchor, Whereabouts>> {
  const wanted = [...new Set(ids)];
  const found = new Map<Anchor, Whereabouts>();

  async function look(among: 'users' | 'deleted'): Promise<void> {
    const open = wanted.filter((id) => !found.has(id));
    const seen = among === 'users' ? await findPresent(graph, open, signal) : await findDeleted(graph, open, signal);
    for (const [id, whereabouts] of seen) found.set(id, whereabouts);
  }

  await look('users');
  await look('deleted');
  await look('users');
  if (found.size < wanted.length) {
    await wait(WAIT_MS, signal);
    await look('deleted');
    await look('users');
  }
  return new Map(wanted.map((id) => [id, found.get(id) ?? 'absent']));
}

async function findPresent(
  graph: GraphClient,
  ids: readonly Anchor[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Anchor, Whereabouts>> {
  const objects = await readObjects(graph, CALLS.users, ids, (id) => `/users/${id}?$select=id,accountEnabled`, signal);
  return new Map([...objects].map(([id, object]) => [id, readEnabled(object) ? 'present' : 'disabled']));
}

async function findDeleted(
  graph: GraphClient,
  ids: readonly Anchor[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Anchor, Whereabouts>> {
  const objects = await readObjects(
    graph,
    CALLS.deletedUsers,
    ids,
    (id) => `/directory/deletedItems/${id}?$select=id`,
    signal,
  );
  return new Map([...objects.keys()].map((id) => [id, 'soft-deleted']));
}

async function readObjects(
  graph: GraphClient,
  call: Call,
  ids: readonly Anchor[],
  pathOf: (id: string) => string,
  signal: AbortSignal,
): Promise<ReadonlyMap<Anchor, RawObject>> {
  const paths = ids.map((id) => pathOf(encodeURIComponent(id)));
  const answers = await graph.askMany(call, paths, signal);
  const objects = new Map<Anchor, RawObject>();
  for (const [index, id] of ids.entries()) {
    const answer = answers[index];
    if (answer === undefined || isObjectMissing(answer)) continue;
    if (answer.status !== 200) throw graph.failure(answer, call);
    const object = objectOf(answer.body);
    requireSameId(object, id, call);
    objects.set(id, object);
  }
  return objects;
}
