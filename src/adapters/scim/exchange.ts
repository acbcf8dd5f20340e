import { setMaxListeners } from 'node:events';
import type { ProviderProfile } from '../../core/profile.ts';
import { HeadgateError, InDoubtError, NotFoundError, RejectedError, TransientError } from '../../core/errors.ts';
import type { SentWrite, WriteWitness } from '../../core/operation.ts';
import type { JsonObject, ResourceId } from '../../core/scim.ts';
import { isWrite, type ScimAnswer, type ScimRequest } from './answer.ts';
import type { FailureContext } from './failure.ts';
import type { ScimClient } from './http.ts';
import type { Quota } from './quota.ts';
import { idOf } from './resources.ts';
import { segmentOf } from './wire.ts';

export type ResourceCollection = 'Users' | 'Groups';

/** The requests of one operation or one read: counts them and carries the signal that stops them. */
export interface Exchange extends FailureContext {
  readonly profile: ProviderProfile;
  readonly signal: AbortSignal;
  readonly quota: Quota;
  send(request: ScimRequest): Promise<ScimAnswer>;
  /** HTTP requests so far. */
  requests(): number;
  /** The provider's id of the last change it confirmed. */
  requestId(): string | undefined;
  lastSuccess(collection: ResourceCollection): number | undefined;
}

/** A write as it goes over the wire. */
function written({ method, collection, id, body }: ScimRequest, context: FailureContext): SentWrite {
  const path = id === undefined ? `/${collection}` : `/${collection}/${segmentOf(id, context)}`;
  return { method, path, ...(body === undefined ? {} : { body }) };
}

/** What became of a write that failed; undefined when it never left. */
function failedAs(error: unknown): Pick<SentWrite, 'outcome' | 'why'> | undefined {
  if (!(error instanceof HeadgateError)) return { outcome: 'unknown', why: 'an unexpected error' };
  const { requestId, request, status } = error.facts;
  const why = requestId === undefined ? error.message : `${error.message} (request id ${requestId})`;
  if (error instanceof InDoubtError) return { outcome: 'unknown', why };
  // What names no request of ours is about what comes before it: a token that could not be had, a stop.
  return request === undefined || status === undefined ? undefined : { outcome: 'failed', why };
}

/** Opens the exchange of one operation. */
export function openExchange(
  client: ScimClient,
  context: FailureContext & { readonly quota: Quota },
  signal: AbortSignal,
  witness?: WriteWitness,
): Exchange {
  let requests = 0;
  let requestId: string | undefined;
  // One signal stops many requests at a time; Node takes more than ten listeners for a leak.
  setMaxListeners(0, signal);
  const tell = (request: ScimRequest, became: Pick<SentWrite, 'outcome' | 'why'> | undefined) => {
    if (became !== undefined && isWrite(request)) witness?.({ ...written(request, context), ...became });
  };
  return {
    connection: context.connection,
    profile: context.profile,
    now: context.now,
    quota: context.quota,
    signal,
    async send(request) {
      try {
        const answer = await client.send(request, signal);
        requests += answer.requests - 1;
        if (request.method !== 'GET') requestId = answer.requestId ?? requestId;
        tell(request, { outcome: 'done' });
        return answer;
      } catch (error) {
        tell(request, failedAs(error));
        throw error;
      } finally {
        requests += 1;
      }
    },
    requests: () => requests,
    requestId: () => requestId,
    lastSuccess: (collection) => client.lastSuccess(collection),
  };
}

/** A collection that answered this recently (ms) is there; no need to ask again before a 404 is believed. */
const PROOF_AGE_MS = 60_000;

/**
 * Believes a 404 for one resource only when its collection answers: a wrong base URL gives 404 for everything, and every
 * removal would look done. Throws when the collection does not answer.
 */
export async function believeAbsence(exchange: Exchange, collection: ResourceCollection): Promise<void> {
  const last = exchange.lastSuccess(collection);
  if (last !== undefined && exchange.now() - last < PROOF_AGE_MS) return;
  await exchange.send({ method: 'GET', collection, parameters: { startIndex: '1', count: '1' } });
}

/**
 * Reads one resource with its entity tag; undefined when it is gone (404, 410) and the collection is not. Throws
 * RejectedError when the answer shows another one: what is true of somebody else must not be concluded about this one.
 */
export async function readResource(
  exchange: Exchange,
  collection: ResourceCollection,
  id: ResourceId,
): Promise<{ readonly body: JsonObject; readonly etag?: string } | undefined> {
  try {
    const { body, etag } = await exchange.send({ method: 'GET', collection, id });
    if (body === undefined) throw new TransientError(`${exchange.connection}: a resource was answered without a body`);
    if ((idOf(body) ?? id) !== id) throw anotherResource(exchange, collection);
    return { body, ...(etag === undefined ? {} : { etag }) };
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    await believeAbsence(exchange, collection);
    return undefined;
  }
}

function anotherResource(exchange: Exchange, collection: ResourceCollection): RejectedError {
  return new RejectedError(`${exchange.connection}: GET /${collection}/{id} was answered with another resource`, {
    remedy: 'Nothing is concluded from it. Ask the provider why it shows one resource at the address of another.',
  });
}

const MOST_VERSIONS = 3;

/**
 * Sends a write to one resource. Where the provider insists on a version (428, RFC 6585) or the version moved on (412,
 * RFC 7644 section 3.14), reads the current one and sends again, a few times.
 */
export async function writeVersioned(
  exchange: Exchange,
  request: ScimRequest & { readonly collection: ResourceCollection; readonly id: ResourceId },
): Promise<ScimAnswer> {
  let versioned: ScimRequest = request;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await exchange.send(versioned);
    } catch (error) {
      if (!(error instanceof HeadgateError) || (error.facts.status !== 428 && error.facts.status !== 412)) throw error;
      if (attempt === MOST_VERSIONS) throw error;
      versioned = { ...request, ...(await currentVersion(exchange, request, error)) };
    }
  }
}

async function currentVersion(
  exchange: Exchange,
  request: ScimRequest & { readonly collection: ResourceCollection; readonly id: ResourceId },
  refusal: HeadgateError,
): Promise<{ readonly ifMatch: string }> {
  const current = await readResource(exchange, request.collection, request.id);
  if (current === undefined) throw new NotFoundError(refusal.message, refusal.facts);
  if (current.etag === undefined) {
    throw new RejectedError(`${exchange.connection}: the provider demands a version but shows none`, refusal.facts);
  }
  return { ifMatch: current.etag };
}
