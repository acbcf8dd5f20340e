import { placeOf } from '../core/address.ts';
import type { SharedResources } from '../core/guards/facts.ts';
import { sharedKey, takenResource } from '../core/guards/shared-account.ts';
import type { Plan } from '../core/plan.ts';
import type { Connection } from '../ports/index.ts';
import type { Stores } from '../ports/stores.ts';

/** Names of the other connections that write to the same service provider. */
export function sharingWith(connection: Connection, connections: ReadonlyMap<string, Connection>): readonly string[] {
  const place = placeOf(connection.target);
  return [...connections.values()]
    .filter((other) => other.rules.name !== connection.rules.name && placeOf(other.target) === place)
    .map(({ rules }) => rules.name);
}

/** What a plan would disable or delete although another connection has an active link to it. */
export async function sharedResources(
  links: Pick<Stores['links'], 'ownersOf'>,
  others: readonly string[],
  { operations }: Pick<Plan, 'operations'>,
): Promise<SharedResources> {
  const found = new Map<string, string>();
  if (others.length === 0) return found;
  const taken = operations.flatMap((operation) => takenResource(operation) ?? []);
  for (const resource of ['account', 'group'] as const) {
    const ids = taken.filter((one) => one.resource === resource).map(({ id }) => id);
    for (const other of others)
      for (const { state, resourceId } of await links.ownersOf(other, resource, ids))
        if (state === 'active') found.set(sharedKey(resource, resourceId), other);
  }
  return found;
}
