import { HeadgateError, InDoubtError, NotFoundError, RejectedError } from '../../core/errors.ts';
import { type JsonObject, type ResourceId, URN } from '../../core/scim.ts';
import type { PatchOperation } from './dialect.ts';
import { believeAbsence, type Exchange, readResource, type ResourceCollection, writeVersioned } from './exchange.ts';
import { equalsKey } from './lookup.ts';
import { idOf } from './resources.ts';

/** Sends a create and returns what was answered, with the id from the body or, where that is empty, from Location. */
export async function sendCreate(
  exchange: Exchange,
  collection: ResourceCollection,
  body: JsonObject,
): Promise<{ readonly id: ResourceId; readonly answered: JsonObject }> {
  const answer = await exchange.send({ method: 'POST', collection, body });
  const id = idOf(answer.body) ?? answer.locationId;
  if (id !== undefined) return { id, answered: answer.body ?? {} };
  throw new InDoubtError(`${exchange.connection}: POST /${collection} was answered ${answer.status} without an id`, {
    status: answer.status,
  });
}

/**
 * Sends a create and returns the new resource's id. It is believed only when the answer, or a read of that id, shows the
 * name or the externalId that was sent: the id of somebody else would make their account ours. Throws RejectedError when
 * a read shows another name, because sending it again could make one more, and InDoubtError when nothing can be read.
 */
export async function createdId(
  exchange: Exchange,
  collection: ResourceCollection,
  body: JsonObject,
): Promise<ResourceId> {
  const { id, answered } = await sendCreate(exchange, collection, body);
  if (isNamedAs(collection, answered, body)) return id;
  const found = await readCreated(exchange, collection, id);
  if (found !== undefined && isNamedAs(collection, found, body)) return id;
  const what = `${exchange.connection}: POST /${collection} was answered with an id that cannot be seen to be that of what was sent`;
  if (found === undefined)
    throw new InDoubtError(what, { remedy: 'It is looked for by its name before anything is sent again.' });
  throw new RejectedError(`${what}: a read of it shows another ${NAME[collection]} and no externalId of ours`, {
    remedy: 'Look for it at the provider, and ask the provider why it answers so or changes names.',
  });
}

const NAME = { Users: 'userName', Groups: 'displayName' } as const;

function isNamedAs(collection: ResourceCollection, shown: JsonObject, sent: JsonObject): boolean {
  return [NAME[collection], 'externalId'].some((attribute) => {
    const value = sent[attribute];
    return typeof value === 'string' && value !== '' && equalsKey(shown, { attribute, value });
  });
}

async function readCreated(
  exchange: Exchange,
  collection: ResourceCollection,
  id: ResourceId,
): Promise<JsonObject | undefined> {
  try {
    return (await readResource(exchange, collection, id))?.body;
  } catch (error) {
    if (!(error instanceof HeadgateError)) throw error;
    // Whatever keeps us from reading: the create was sent, and sent again it could make a second account.
    return undefined;
  }
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

/** Sends a DELETE. Returns the 404 where that was the answer: whether the resource is gone is for a read to tell. */
export async function sendDelete(
  exchange: Exchange,
  collection: ResourceCollection,
  id: ResourceId,
): Promise<NotFoundError | undefined> {
  try {
    await writeVersioned(exchange, { method: 'DELETE', collection, id });
    return undefined;
  } catch (error) {
    if (error instanceof NotFoundError) return error;
    throw error;
  }
}

/** What a write fails with that was answered 404 although its resource can be read: nothing was done, nothing is gone. */
export function notAbsent(exchange: Exchange, absence: NotFoundError, found: string): RejectedError {
  return new RejectedError(
    `${exchange.connection}: the provider answered 404 to a change, yet a read shows otherwise: ${found}`,
    {
      ...absence.facts,
      remedy: 'Nothing is taken for gone, and it is tried again. If it stays so, make the change at the provider.',
    },
  );
}

/** The error of an update: a 404 is checked and not believed, because whoever is taken for gone is forgotten. */
export async function aboutUpdate(
  exchange: Exchange,
  collection: ResourceCollection,
  id: ResourceId,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof NotFoundError)) return error;
  const found = await readResource(exchange, collection, id);
  return found === undefined ? error : notAbsent(exchange, error, 'it is still there');
}

/** A change that was answered with success and cannot be seen: settled later by reading, for a provider may lag. */
export function unconfirmed(exchange: Exchange, what: string, found: string): never {
  throw new InDoubtError(`${exchange.connection}: the provider answered that it ${what}, but it reads ${found}`, {
    remedy:
      'It is read again before anything is sent again; if it stays so, check what the provider does with this change.',
  });
}
