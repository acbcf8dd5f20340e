import { IncompleteReadError } from '../../core/errors.ts';
import type { Call } from './call.ts';
import type { GraphClient } from './graph-client.ts';
import { isObject, objectOf, type RawObject } from './json.ts';

/**
 * Pages of a collection, to its end. Next links are opaque and followed as they are; an empty page may have one.
 * A page that fails ends the read by an exception, never by a shorter list.
 * @throws IncompleteReadError for a page without a list, a next link seen before, or one that leaves the endpoint
 */
export async function* readPages(
  graph: GraphClient,
  call: Call,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<readonly RawObject[], void, undefined> {
  const seen = new Set<string>();
  let next: string | undefined = `${graph.root.href.replace(/\/$/u, '')}${path}`;
  while (next !== undefined) {
    seen.add(next);
    const page = await graph.get(call, next, signal);
    const { value, '@odata.nextLink': link } = objectOf(page);
    if (!Array.isArray(value) || !value.every(isObject)) {
      throw new IncompleteReadError(`Page ${seen.size} had no list of objects while ${call.what}.`);
    }
    next = checkLink(graph.root, call, link, seen);
    yield value;
  }
}

/**
 * A link of Graph's as it is, when it is one to follow; undefined when there is none.
 * @throws IncompleteReadError for a link seen before, or one that leaves the endpoint
 */
export function checkLink(root: URL, call: Call, link: unknown, seen: ReadonlySet<string>): string | undefined {
  if (link === undefined || link === null) return undefined;
  const where = `after page ${seen.size} while ${call.what}`;
  if (typeof link !== 'string' || !URL.canParse(link)) {
    throw new IncompleteReadError(`The link is not an address ${where}.`);
  }
  const url = new URL(link);
  const inside = url.origin === root.origin && url.pathname.startsWith(`${root.pathname}/`);
  if (!inside || url.username !== '' || url.password !== '') {
    throw new IncompleteReadError(`The link leaves ${root.host} for ${url.host} ${where}.`, {
      remedy: 'If Graph is reached through a proxy, it must rewrite links in answers to its own address.',
    });
  }
  if (seen.has(link)) throw new IncompleteReadError(`The link leads back to a page read before ${where}.`);
  return link;
}

/** A property that must be text. @throws IncompleteReadError when it is not */
export function requireText(object: RawObject, property: string, call: Call): string {
  const value = object[property];
  if (typeof value !== 'string' || value === '') {
    throw new IncompleteReadError(`An object without ${property} came back while ${call.what}.`);
  }
  return value;
}

/** Checks that an object asked for by id is that object. @throws IncompleteReadError when it is another */
export function requireSameId(object: RawObject, id: string, call: Call): void {
  if (requireText(object, 'id', call).toLowerCase() !== id.toLowerCase()) {
    throw new IncompleteReadError(`Another object than the one asked for came back while ${call.what}.`);
  }
}
