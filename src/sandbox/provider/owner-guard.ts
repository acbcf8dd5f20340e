import type { Exchange, ProviderState } from './exchange.ts';
import type { Complex, Value } from './json.ts';
import { ScimRefusal } from './refusal.ts';
import { isActive, textAttribute, type Resource } from './resource.ts';

/**
 * The restriction of the support article: no deactivation and no other user type while there is a token of that user.
 * Throws 409 while there is.
 */
export function refuseOwner({ credentials }: Pick<ProviderState, 'credentials'>, userName: string): void {
  const owns = credentials.tokens().some(({ owner }) => owner?.toLowerCase() === userName.toLowerCase());
  if (owns) throw new ScimRefusal(409, `${userName} has generated a SCIM token: delete the token first`);
}

/**
 * The same for what a SCIM client does to an account, where the provider guards that, too. `attributes` are what it is to
 * have afterwards; undefined when it is to be deleted.
 */
export function guardOwner(
  state: ProviderState,
  { by }: Exchange,
  account: Resource,
  attributes: Complex | undefined,
): void {
  const { adminTypes, ownerGuard } = state.behaviour.adminPages;
  if (by !== 'client' || ownerGuard !== 'everywhere' || account.type !== 'User') return;
  const isAdmin = (type: Value | undefined) => typeof type === 'string' && adminTypes.includes(type);
  const leaves = attributes === undefined || (isActive(account) && attributes['active'] === false);
  const demoted = isAdmin(account.attributes['userType']) && !isAdmin(attributes?.['userType']);
  if (leaves || demoted) refuseOwner(state, textAttribute(account, 'userName') ?? '');
}
