import { placeOf } from '../core/address.ts';
import { digestOf } from '../core/plan.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { ConnectionStore, WorksOn } from '../ports/stores.ts';

/** For how long a connection that nobody here has counts as one of another configuration, in ms: it may have been removed. */
const BELIEVED_MS = 7 * 86_400_000;

/** A connection that works on the same as one of this configuration, and is in another. */
export interface Unseen {
  readonly connection: string;
  readonly shares: 'application' | 'provider';
}

/** What a connection works on. Its provider is told as a digest: an address may be a secret. */
function worksOn({ rules, tenant, target }: Connection): WorksOn {
  return { connection: rules.name, application: rules.application, tenant, provider: digestOf(placeOf(target)) };
}

/** Tells processes with other configurations on the same database what the connections of this one work on. */
export async function tellOthers({
  connections,
  stores,
}: Pick<Ports, 'connections'> & { readonly stores: { readonly connections: Pick<ConnectionStore, 'tell'> } }) {
  await stores.connections.tell([...connections.values()].map(worksOn));
}

/** What is asked to find the connections of other configurations. */
export type OthersPorts = Pick<Ports, 'connections' | 'clock'> & {
  readonly stores: { readonly connections: Pick<ConnectionStore, 'told'> };
};

/** The connections of other configurations on the same database that share the application or the provider with this one. */
export async function unseenBeside(
  connection: Connection,
  { connections, stores, clock }: OthersPorts,
): Promise<readonly Unseen[]> {
  const own = worksOn(connection);
  const told = await stores.connections.told(clock.now() - BELIEVED_MS);
  return told.flatMap((other): readonly Unseen[] => {
    if (connections.has(other.connection)) return [];
    if (other.application === own.application && other.tenant === own.tenant)
      return [{ connection: other.connection, shares: 'application' }];
    return other.provider === own.provider ? [{ connection: other.connection, shares: 'provider' }] : [];
  });
}
