import { ConflictError, NotFoundError } from '../../core/errors.ts';
import type { ChangeMembers, CreateAccount, CreateGroup, Exported, Operation } from '../../core/operation.ts';
import { isAskedBy } from '../../core/profile.ts';
import type { AttributeChange, ResourceId } from '../../core/scim.ts';
import type { ResolveReference } from '../../ports/service-provider.ts';
import { accountIdOf, allChanges } from './change-account.ts';
import { settledChange } from './dialect.ts';
import { type Exchange, readResource } from './exchange.ts';
import { findGroup, readDeletedGroup } from './groups.ts';
import { equalsKey, lookUp } from './lookup.ts';
import { memberChanges, readMembers } from './members.ts';
import { exported, outstanding, resolveReferences } from './outcome.ts';
import { readDeleted, readInactive } from './remove-account.ts';
import { canonicalBody, toAccount } from './resources.ts';

/**
 * Finds out by reading whether an operation whose answer was lost took effect: its result when it did, undefined when it
 * did not and may be sent again.
 */
export async function settleOperation(
  exchange: Exchange,
  operation: Operation,
  resolve: ResolveReference,
): Promise<Exported | undefined> {
  switch (operation.kind) {
    case 'link':
      return exported(exchange, operation.resourceId, { note: 'already-so' });
    case 'create':
      return operation.resource === 'account'
        ? settleCreateAccount(exchange, operation, resolve)
        : settleCreateGroup(exchange, operation);
    case 'update':
    case 'reactivate': {
      if (operation.resource === 'group')
        return settleChanges(exchange, 'Groups', operation.resourceId, operation.attributes);
      const { changes, unresolved } = allChanges(operation, resolve);
      const settled = await settleChanges(exchange, 'Users', accountIdOf(exchange, operation, resolve), changes);
      return settled === undefined || unresolved.length === 0 ? settled : { ...settled, unresolved };
    }
    case 'disable':
      return readInactive(exchange, operation.resourceId);
    case 'delete':
      return operation.resource === 'account'
        ? readDeleted(exchange, operation.resourceId)
        : readDeletedGroup(exchange, operation.resourceId);
    case 'members':
      return settleMembers(exchange, operation, resolve);
    default:
      return operation satisfies never;
  }
}

/**
 * An account with our externalId is ours. One with the same userName is, when it has everything that was sent and no
 * other externalId: none had that name when the plan was made.
 */
async function settleCreateAccount(
  exchange: Exchange,
  operation: CreateAccount,
  resolve: ResolveReference,
): Promise<Exported | undefined> {
  const { changes: references, unresolved } = resolveReferences(operation.references, resolve);
  const wanted = [...operation.attributes, ...references].map(settledChange);
  for (const attribute of ['externalId', 'userName']) {
    const value = wanted.find(({ path }) => path === attribute)?.after;
    if (typeof value !== 'string' || value === '' || !isAskedBy(exchange.profile, attribute)) continue;
    const candidates = (await lookUp(exchange, 'Users', { attribute, value })).flatMap((body) => toAccount(body) ?? []);
    const [account] = candidates;
    if (account === undefined || candidates.length > 1) continue;
    // A provider that keeps no externalId cannot be held to it.
    const expected = wanted.filter(({ path }) => path !== 'externalId' || account.externalId !== undefined);
    if (outstanding(account.body, expected).length === 0)
      return exported(exchange, account.id, { note: 'adopted', unresolved });
  }
  return undefined;
}

async function settleCreateGroup(exchange: Exchange, operation: CreateGroup): Promise<Exported | undefined> {
  const { ours, namesake } = await findGroup(exchange, operation);
  if (ours !== undefined) return exported(exchange, ours.id, { note: 'adopted' });
  if (namesake === undefined || namesake.externalId !== undefined) return undefined;
  const body = { displayName: namesake.displayName };
  if (!equalsKey(body, { attribute: 'displayName', value: operation.displayName })) return undefined;
  // Sending it again could make a second group; taking this one could give away what it opens.
  throw new ConflictError(
    `${exchange.connection}: after a lost answer the provider has a SCIM group of this name without externalId; it cannot be told whether it is ours`,
    {
      remedy:
        'Look at the group at the provider: delete it if it is new and empty, or let groups be matched by displayName.',
    },
  );
}

async function settleChanges(
  exchange: Exchange,
  collection: 'Users' | 'Groups',
  id: ResourceId,
  changes: readonly AttributeChange[],
): Promise<Exported | undefined> {
  const found = await readResource(exchange, collection, id);
  if (found === undefined || outstanding(canonicalBody(found.body), changes).length > 0) return undefined;
  return exported(exchange, id);
}

async function settleMembers(
  exchange: Exchange,
  operation: ChangeMembers,
  resolve: ResolveReference,
): Promise<Exported | undefined> {
  const { group, add, remove, unresolved } = memberChanges(exchange, operation, resolve);
  const members = await readMembers(exchange, group).catch((error: unknown) => {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  });
  // Where members cannot be read, sending the same changes again does no harm.
  if (members === undefined) return undefined;
  const done = add.every((id) => members.has(id)) && !remove.some((id) => members.has(id));
  return done ? exported(exchange, group, { unresolved }) : undefined;
}
