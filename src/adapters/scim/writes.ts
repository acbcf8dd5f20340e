import { InDoubtError, NotFoundError } from '../../core/errors.ts';
import { type JsonObject, type ResourceId, URN } from '../../core/scim.ts';
import type { PatchOperation } from './dialect.ts';
import { believeAbsence, type Exchange, type ResourceCollection, writeVersioned } from './exchange.ts';
import { idOf } from './resources.ts';

/** Sends a create and returns the new resource's id, from the body or, where that is empty, from Location. */
export async function createdId(
  exchange: Exchange,
  collection: ResourceCollection,
  body: JsonObject,
): Promise<ResourceId> {
  const answer = await exchange.send({ method: 'POST', collection, body });
  const id = idOf(answer.body) ?? answer.locationId;
  if (id !== undefined) return id;
  throw new InDoubtError(`${exchange.connection}: POST /${collection} was answered ${answer.status} without an id`, {
    status: answer.status,
  });
}

/** Sends a PATCH; sends nothing when there is nothing to do. Returns the body, which may be absent or partial. */
export async function sendPatch(
  exchange: Exchange,
  collection: ResourceCollection,
  id: ResourceId,
  operations: readonly PatchOperation[],
): Promise<JsonObject | undefined> {
  if (operations.length === 0) return undefined;
  const body = { schemas: [URN.patchOp], Operations: operations };
  try {
    return (await writeVersioned(exchange, { method: 'PATCH', collection, id, body })).body;
  } catch (error) {
    if (error instanceof NotFoundError) await believeAbsence(exchange, collection);
    throw error;
  }
}

/** Sends a DELETE. A 404 counts as gone already once the collection is known to answer. */
export async function sendDelete(
  exchange: Exchange,
  collection: ResourceCollection,
  id: ResourceId,
): Promise<'deleted' | 'gone-already'> {
  try {
    await writeVersioned(exchange, { method: 'DELETE', collection, id });
    return 'deleted';
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    await believeAbsence(exchange, collection);
    return 'gone-already';
  }
}

/** A change that was answered with success and cannot be seen: settled later by reading, for a provider may lag. */
export function unconfirmed(exchange: Exchange, what: string, found: string): never {
  throw new InDoubtError(`${exchange.connection}: the provider answered that it ${what}, but it reads ${found}`, {
    remedy:
      'It is read again before anything is sent again; if it stays so, check what the provider does with this change.',
  });
}
