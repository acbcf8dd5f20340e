import { NotFoundError } from '../../core/errors.ts';
import type { Exported, RemoveAccount } from '../../core/operation.ts';
import type { AttributeChange, ResourceId } from '../../core/scim.ts';
import { putChanges } from './change-account.ts';
import { type Exchange, readResource } from './exchange.ts';
import { exported } from './outcome.ts';
import { patchOperations } from './patch.ts';
import { idOf, shownActive } from './resources.ts';
import { notAbsent, sendDelete, sendPatch, unconfirmed } from './writes.ts';

/** Deactivates an account and makes sure that it is inactive. An account that is gone is as inactive as can be. */
export async function disableAccount(exchange: Exchange, operation: RemoveAccount): Promise<Exported> {
  const id = operation.resourceId;
  const change: AttributeChange = { path: 'active', before: true, after: false };
  try {
    const { patch } = exchange.profile;
    const body =
      patch.shape === 'put'
        ? await putChanges(exchange, id, [change])
        : await sendPatch(exchange, 'Users', id, patchOperations(exchange.profile, [change]));
    // An answer that shows another account says nothing about this one.
    const shown = body !== undefined && (idOf(body) ?? id) === id;
    if (shown && shownActive(body) === false) return exported(exchange, id);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    return already(exchange, error, await readInactive(exchange, id), 'active');
  }
  return (await readInactive(exchange, id)) ?? unconfirmed(exchange, 'deactivated', 'still active');
}

/** The result of a removal that was answered 404, when a read bears it out. A 404 by itself could hide a living account. */
function already(exchange: Exchange, absence: NotFoundError, seen: Exported | undefined, found: string): Exported {
  if (seen === undefined) throw notAbsent(exchange, absence, `the account is still ${found}`);
  return { ...seen, note: seen.resourceId === null ? 'gone-already' : 'already-so' };
}

/** The result when the account is inactive or gone, undefined when it is active or does not say. */
export async function readInactive(exchange: Exchange, id: ResourceId): Promise<Exported | undefined> {
  const found = await readResource(exchange, 'Users', id);
  if (found === undefined) return exported(exchange, null);
  return shownActive(found.body) === false ? exported(exchange, id) : undefined;
}

/** Deletes an account and makes sure that it is gone, or inactive where that is all a provider's DELETE does. */
export async function deleteAccount(exchange: Exchange, operation: RemoveAccount): Promise<Exported> {
  const id = operation.resourceId;
  const absence = await sendDelete(exchange, 'Users', id);
  const seen = await readDeleted(exchange, id);
  if (absence !== undefined) return already(exchange, absence, seen, 'there');
  return seen ?? unconfirmed(exchange, 'deleted an account', 'as before');
}

/** The result when a deletion took effect, undefined when the account is as before. */
export async function readDeleted(exchange: Exchange, id: ResourceId): Promise<Exported | undefined> {
  if (exchange.profile.deactivate.deleteMeans === 'suspend') return readInactive(exchange, id);
  return (await readResource(exchange, 'Users', id)) === undefined ? exported(exchange, null) : undefined;
}
