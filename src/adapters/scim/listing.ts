import { RejectedError, TransientError } from '../../core/errors.ts';
import type { Listing } from '../../core/provider-inventory.ts';
import type { Json, JsonObject, ResourceId } from '../../core/scim.ts';
import { isArray, isObject } from '../../core/scim-path.ts';
import type { ReadProgress } from '../../ports/directory-source.ts';
import type { Exchange, ResourceCollection } from './exchange.ts';
import type { PatientRead } from './patience.ts';

interface Listed {
  readonly id: ResourceId;
}

export interface ListingRequest<T extends Listed> {
  readonly collection: ResourceCollection;
  readonly parameters: Readonly<Record<string, string>>;
  readonly read: (body: JsonObject) => T | undefined;
  readonly patient: PatientRead;
  readonly progress?: ReadProgress;
}

/** One reading of a collection, page by page. */
interface Walk<T extends Listed> {
  readonly found: Map<ResourceId, T>;
  readonly doubts: Set<string>;
  /** As stated by the last page; absent where the provider does not say (RFC 9865 allows it with cursors). */
  total: number | undefined;
}

interface Page {
  readonly resources: readonly Json[];
  readonly total: number | undefined;
  readonly startIndex: number | undefined;
  readonly nextCursor: string | undefined;
}

/**
 * Lists a collection and says whether the result may be believed (RFC 7644 section 3.4.2.4: paging is stateless, so pages
 * may overlap or leave gaps). When something is off the collection is read once more; what is still off is told in words.
 * A failed page is an exception, never a short list.
 */
export async function listTrusted<T extends Listed>(
  exchange: Exchange,
  request: ListingRequest<T>,
): Promise<Listing<T>> {
  const first = await walkUnlessExpired(exchange, request);
  const walk = first === undefined || first.doubts.size > 0 ? await walkCollection(exchange, request) : first;
  return { resources: [...walk.found.values()], trusted: walk.doubts.size === 0, doubts: [...walk.doubts] };
}

/** A cursor that expired midway (RFC 9865 section 2.2) is a reason to read anew, once. */
async function walkUnlessExpired<T extends Listed>(exchange: Exchange, request: ListingRequest<T>) {
  try {
    return await walkCollection(exchange, request);
  } catch (error) {
    if (error instanceof RejectedError && /^(expired|invalid)Cursor$/.test(error.facts.scimType ?? ''))
      return undefined;
    throw error;
  }
}

async function walkCollection<T extends Listed>(exchange: Exchange, request: ListingRequest<T>): Promise<Walk<T>> {
  const walk: Walk<T> = { found: new Map(), doubts: new Set(), total: undefined };
  const { mode, pageSize } = exchange.profile.paging;
  const count = String(pageSize);
  let position: Record<string, string> = mode === 'cursor' ? { cursor: '' } : { startIndex: '1' };
  let seen = 0;
  const cursors = new Set<string>();
  for (;;) {
    const page = await readPage(exchange, request, { ...position, count });
    const fresh = take(walk, page, request.read);
    seen += page.resources.length;
    request.progress?.(request.collection, walk.found.size, walk.total);
    if (page.nextCursor !== undefined) {
      // RFC 9865 section 2.3: a provider may answer a plain request with a cursor; ignoring it would end the list early.
      if (cursors.has(page.nextCursor)) return doubt(walk, 'the provider gave the same cursor twice');
      // Cursors may be other words for the same place each time: one that goes round would be followed for ever.
      if (fresh === 0 && page.resources.length > 0) return doubt(walk, 'the provider gave a page of its cursors again');
      cursors.add(page.nextCursor);
      position = { cursor: page.nextCursor };
      continue;
    }
    if ('cursor' in position) return proveTotal(walk);
    checkEcho(walk, page, Number(position['startIndex']));
    if (page.total === undefined) walk.doubts.add('the provider states no totalResults');
    // A page without anything new is a page given again: going on would never end.
    if (fresh === 0 || seen >= (page.total ?? Number.POSITIVE_INFINITY)) break;
    // A page may hold fewer than asked for, so the next begins after what was received.
    position = { startIndex: String(seen + 1) };
  }
  if (walk.doubts.size === 0) await lookBeyond(exchange, request, walk, seen, count);
  return proveTotal(walk);
}

async function readPage<T extends Listed>(
  exchange: Exchange,
  request: ListingRequest<T>,
  position: Readonly<Record<string, string>>,
): Promise<Page> {
  const parameters = { ...request.parameters, ...exchange.profile.paging.listParameters, ...position };
  const answer = await request.patient(exchange, () =>
    exchange.send({ method: 'GET', collection: request.collection, parameters }),
  );
  const { Resources: resources, totalResults, startIndex, nextCursor } = folded(answer.body ?? {});
  if (resources !== undefined && resources !== null && !isArray(resources)) {
    throw new TransientError(`${exchange.connection}: the list of ${request.collection} is no list`);
  }
  if (resources === undefined && totalResults === undefined) {
    const remedy = 'Check the URL of the connection: what answers there is no SCIM list.';
    throw new RejectedError(
      `${exchange.connection}: GET /${request.collection} gave neither Resources nor totalResults`,
      { remedy },
    );
  }
  return {
    resources: isArray(resources) ? resources : [],
    total: whole(totalResults),
    startIndex: whole(startIndex),
    nextCursor: typeof nextCursor === 'string' && nextCursor !== '' ? nextCursor : undefined,
  };
}

const LIST_NAMES = new Map(
  ['Resources', 'totalResults', 'startIndex', 'nextCursor'].map((name) => [name.toLowerCase(), name]),
);

function folded(body: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [LIST_NAMES.get(key.toLowerCase()) ?? key, value]),
  );
}

function whole(value: Json | undefined): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 ? number : undefined;
}

/** Adds a page to the walk and returns how many resources were new. */
function take<T extends Listed>(walk: Walk<T>, page: Page, read: (body: JsonObject) => T | undefined): number {
  let fresh = 0;
  for (const entry of page.resources) {
    const resource = isObject(entry) ? read(entry) : undefined;
    if (resource === undefined) walk.doubts.add('a listed resource has no id');
    else if (walk.found.has(resource.id)) walk.doubts.add('a resource was listed twice');
    else {
      walk.found.set(resource.id, resource);
      fresh += 1;
    }
  }
  if (walk.total !== undefined && page.total !== undefined && page.total !== walk.total) {
    walk.doubts.add(`totalResults changed from ${walk.total} to ${page.total} while listing`);
  }
  walk.total = page.total ?? walk.total;
  return fresh;
}

/** startIndex is required in a partial answer; one that differs from what was asked means the parameter was ignored. */
function checkEcho<T extends Listed>(walk: Walk<T>, page: Page, asked: number): void {
  if (page.resources.length === 0) return;
  const partial = asked > 1 || page.resources.length !== page.total;
  if (page.startIndex === undefined) {
    if (partial) walk.doubts.add('a page does not say at which startIndex it begins');
  } else if (page.startIndex !== asked) {
    walk.doubts.add(`asked for startIndex ${asked}, the provider answered startIndex ${page.startIndex}`);
  }
}

/**
 * Asks once behind the end: providers are known whose totalResults is only the size of the page, and they would show more
 * there. One that answers its first page again, or refuses to go beyond the end, tells nothing new.
 */
async function lookBeyond<T extends Listed>(
  exchange: Exchange,
  request: ListingRequest<T>,
  walk: Walk<T>,
  seen: number,
  count: string,
): Promise<void> {
  if (seen === 0) return;
  try {
    const page = await readPage(exchange, request, { startIndex: String(seen + 1), count });
    const beyond = page.resources.flatMap((entry) => (isObject(entry) ? (request.read(entry) ?? []) : []));
    if (beyond.some(({ id }) => !walk.found.has(id)))
      walk.doubts.add(`the provider holds more than the ${walk.total} it states in totalResults`);
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
  }
}

function proveTotal<T extends Listed>(walk: Walk<T>): Walk<T> {
  if (walk.total !== undefined && walk.total !== walk.found.size) {
    return doubt(walk, `totalResults is ${walk.total}, but ${walk.found.size} different resources were listed`);
  }
  return walk;
}

function doubt<T extends Listed>(walk: Walk<T>, words: string): Walk<T> {
  walk.doubts.add(words);
  return walk;
}
