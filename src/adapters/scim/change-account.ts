import { HeadgateError, NotFoundError, RejectedError } from '../../core/errors.ts';
import type { ChangeAccount, Exported } from '../../core/operation.ts';
import type { AttributeChange, JsonObject, ResourceId } from '../../core/scim.ts';
import { asBoolean, readPath } from '../../core/scim-path.ts';
import type { ResolveReference } from '../../ports/service-provider.ts';
import { type Exchange, readResource } from './exchange.ts';
import { equalsKey } from './lookup.ts';
import { exported, resolveReferences } from './outcome.ts';
import { mergeChanges, needsFreshRead, patchOperations } from './patch.ts';
import { withPrimaries } from './primary.ts';
import { canonicalBody, idOf } from './resources.ts';
import { aboutUpdate, sendPatch } from './writes.ts';

/** Updates or reactivates an account. */
export async function changeAccount(
  exchange: Exchange,
  operation: ChangeAccount,
  resolve: ResolveReference,
): Promise<Exported> {
  const id = accountIdOf(exchange, operation, resolve);
  const { changes, unresolved } = allChanges(operation, resolve);
  const idNow = await writeChanges(exchange, id, changes).catch(async (error: unknown) => {
    throw await aboutUpdate(exchange, 'Users', id, error);
  });
  return exported(exchange, idNow, { unresolved });
}

/** Every change of an operation, references resolved; a reactivation always says that the account is to be active. */
export function allChanges(operation: ChangeAccount, resolve: ResolveReference) {
  const { changes: references, unresolved } = resolveReferences(operation.references, resolve);
  const activates = operation.attributes.some(({ path }) => path === 'active');
  const active: AttributeChange[] =
    operation.kind === 'reactivate' && !activates ? [{ path: 'active', before: false, after: true }] : [];
  return { changes: [...active, ...operation.attributes, ...references], unresolved };
}

/** The account an operation changes: its own id, or that of an account made earlier in the same cycle. */
export function accountIdOf(exchange: Exchange, operation: ChangeAccount, resolve: ResolveReference): ResourceId {
  const id = operation.resourceId ?? resolve(operation.anchor);
  if (id !== undefined) return id;
  throw new RejectedError(`${exchange.connection}: the account was to be created in this cycle and does not exist`, {
    remedy: 'See why its creation failed; the change is planned again once the account exists.',
  });
}

/** Writes changes to an account in the profile's shape. Returns its id, which some providers change with the name. */
export async function writeChanges(
  exchange: Exchange,
  id: ResourceId,
  changes: readonly AttributeChange[],
  fresh?: JsonObject,
): Promise<ResourceId> {
  const activation = changes.filter(({ path, after }) => path === 'active' && asBoolean(after) === true);
  if (exchange.profile.patch.splitReactivation && activation.length > 0 && activation.length < changes.length) {
    const rest = changes.filter((change) => !activation.includes(change));
    return writeOnce(exchange, await writeOnce(exchange, id, activation, fresh), rest, fresh);
  }
  return writeOnce(exchange, id, changes, fresh);
}

async function writeOnce(
  exchange: Exchange,
  id: ResourceId,
  changes: readonly AttributeChange[],
  known?: JsonObject,
): Promise<ResourceId> {
  if (changes.length === 0) return id;
  const answered = await sendChanges(exchange, id, changes, known);
  return idAfter(exchange, id, idOf(answered), changes);
}

/**
 * The id an account has after a change. The one asked for stays, whatever an answer says: an answer about somebody else
 * would lead the link to them. Some providers give an account another id with another name; that is followed when the
 * old id cannot be read any more and the new one is read under the new name.
 */
async function idAfter(
  exchange: Exchange,
  id: ResourceId,
  answered: ResourceId | undefined,
  changes: readonly AttributeChange[],
): Promise<ResourceId> {
  const value = changes.find(({ path }) => path === 'userName')?.after;
  if (answered === undefined || answered === id || typeof value !== 'string') return id;
  if ((await readResource(exchange, 'Users', id)) !== undefined) return id;
  const found = await readResource(exchange, 'Users', answered);
  const isOurs = found !== undefined && equalsKey(canonicalBody(found.body), { attribute: 'userName', value });
  return isOurs ? answered : id;
}

/** Sends changes in the profile's shape. Returns the body of the answer, which may be absent or partial. */
async function sendChanges(
  exchange: Exchange,
  id: ResourceId,
  changes: readonly AttributeChange[],
  known: JsonObject | undefined,
): Promise<JsonObject | undefined> {
  if (exchange.profile.patch.shape === 'put') return putChanges(exchange, id, changes);
  const fresh = known ?? (needsFreshRead(exchange.profile, changes) ? await readFresh(exchange, id) : undefined);
  try {
    return await sendPatch(exchange, 'Users', id, patchOperations(exchange.profile, changes, fresh));
  } catch (error) {
    // Somebody removed the entry that was to be changed since the plan was made: look again and send what fits.
    if (!(error instanceof RejectedError) || error.facts.scimType !== 'noTarget') throw error;
    const current = await readFresh(exchange, id);
    return sendPatch(exchange, 'Users', id, patchOperations(exchange.profile, changes, current));
  }
}

async function readFresh(exchange: Exchange, id: ResourceId): Promise<JsonObject> {
  return (await readVersioned(exchange, id)).body;
}

async function readVersioned(exchange: Exchange, id: ResourceId) {
  const found = await readResource(exchange, 'Users', id);
  if (found !== undefined) return { ...found, body: canonicalBody(found.body) };
  throw new NotFoundError(`${exchange.connection}: the account is gone`, { status: 404 });
}

const MOST_ATTEMPTS = 3;

/**
 * Reads the whole account, makes the changes and sends all of it back, bound to the version read where there is a real one
 * or the provider insists; read anew when somebody else was faster (412). Returns the body of the answer.
 */
export async function putChanges(
  exchange: Exchange,
  id: ResourceId,
  changes: readonly AttributeChange[],
): Promise<JsonObject | undefined> {
  let insists = false;
  for (let attempt = 1; ; attempt += 1) {
    const { body: fresh, etag } = await readVersioned(exchange, id);
    const { meta: _meta, groups: _groups, ...body } = withPrimaries(exchange.profile, mergeChanges(fresh, changes));
    // A web framework's hash of the body also comes as ETag; only one that the resource states too is a version.
    const bound = etag !== undefined && (insists || readPath(fresh, 'meta.version') === etag);
    try {
      const request = { method: 'PUT', collection: 'Users', id, body } as const;
      return (await exchange.send(bound ? { ...request, ifMatch: etag } : request)).body;
    } catch (error) {
      const status = error instanceof HeadgateError ? error.facts.status : undefined;
      if (attempt === MOST_ATTEMPTS || (status !== 412 && status !== 428)) throw error;
      insists = true;
    }
  }
}
