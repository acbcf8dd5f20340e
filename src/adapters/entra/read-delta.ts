import { IncompleteReadError } from '../../core/errors.ts';
import type { Call } from './call.ts';
import type { GraphClient } from './graph-client.ts';
import { graphCode } from './graph-failure.ts';
import { isObject, objectOf, type RawObject } from './json.ts';
import { checkLink } from './paging.ts';
import type { Answer } from './transport.ts';

/** Only what changed, so that a group listed for its members can be told from one with a new name (group-delta). */
const MINIMAL = { Prefer: 'return=minimal' } as const;

/** Codes by which Graph says that a state token is no use any more (delta-query-overview, errors). */
const LOST_STATE = new Set(['syncstatenotfound', 'syncstateinvalid', 'resyncrequired']);

/** What a round of change tracking ended with: the link to the next one, or the need to start over. */
export type DeltaEnd = { readonly deltaLink: string } | 'expired';

/**
 * One round of change tracking to its end, from a delta link or from a first address (a path below the root). Links are opaque and followed as
 * they are. Pages may be empty, and an object may come on any of them and more than once, so `take` merges.
 * A page that fails ends the round by an exception.
 * Source: learn.microsoft.com/graph/delta-query-overview.
 * @throws IncompleteReadError for a page without a list, with neither or both links, or with a link that was followed
 * before or leaves the endpoint
 */
export async function readDelta(
  graph: GraphClient,
  call: Call,
  from: string,
  signal: AbortSignal,
  take: (object: RawObject) => void,
): Promise<DeltaEnd> {
  const resumed = !from.startsWith('/');
  if (resumed) checkLink(graph.root, call, from, new Set());
  const seen = new Set<string>();
  let next = from;
  for (;;) {
    const answer = await graph.ask(next, signal, MINIMAL);
    seen.add(next);
    if (isExpired(answer, resumed && seen.size === 1)) return 'expired';
    if (answer.status !== 200) throw graph.failure(answer, call);
    const { value, '@odata.nextLink': nextLink, '@odata.deltaLink': deltaLink } = objectOf(answer.body);
    if (!Array.isArray(value) || !value.every(isObject)) {
      throw new IncompleteReadError(`Page ${seen.size} had no list of objects while ${call.what}.`);
    }
    for (const object of value) take(object);
    const more = checkLink(graph.root, call, nextLink, seen);
    const end = checkLink(graph.root, call, deltaLink, new Set());
    if ((more === undefined) === (end === undefined)) {
      const links = more === undefined ? 'neither a next nor a delta link' : 'both a next and a delta link';
      throw new IncompleteReadError(`Page ${seen.size} had ${links} while ${call.what}.`, {
        remedy: 'Nothing to do unless it lasts; the changes are read again from the same watermark.',
      });
    }
    if (end !== undefined) return { deltaLink: end };
    next = more ?? next;
  }
}

/**
 * Whether only a full read helps. A stored link that Graph takes for malformed (400) is lost too: asked for again it
 * would fail for ever, while what is wrong with the selection itself shows in the full read, with a remedy.
 */
function isExpired(answer: Answer, fromStored: boolean): boolean {
  if (answer.status === 410 || (fromStored && answer.status === 400)) return true;
  return answer.status >= 400 && answer.status < 500 && LOST_STATE.has(graphCode(answer)?.toLowerCase() ?? '');
}
