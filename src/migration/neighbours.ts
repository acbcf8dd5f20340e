import type { Anchor } from '../core/directory.ts';
import type { Neighbour } from '../core/migration/neighbour.ts';
import { reachesFurther } from '../core/scope.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { Stores } from '../ports/stores.ts';
import { gatherDirectory } from '../provisioning/gather-directory.ts';

/** What tells how other connections would take it that groups go. */
export interface NeighbourPorts {
  readonly stores: {
    readonly links: Pick<Stores['links'], 'load'>;
    readonly connections: Pick<Stores['connections'], 'get'>;
  };
  readonly connections: Ports['connections'];
}

/** The other connections that provision from the same enterprise application, and so from the same assignments. */
export function onSameApplication(
  { rules: { name, application }, tenant }: Connection,
  connections: Ports['connections'],
): readonly Connection[] {
  return [...connections.values()].filter(
    (other) => other.rules.name !== name && other.rules.application === application && other.tenant === tenant,
  );
}

/**
 * Reads the directory as the other connections do that let in more people by these groups. Whoever this connection counts
 * is assigned directly, which lets them in everywhere, so the others need not be read. None is when no group is assigned.
 */
export async function readNeighbours(
  connection: Connection,
  { stores, connections }: NeighbourPorts,
  assigned: readonly Anchor[],
  signal: AbortSignal,
): Promise<readonly Neighbour[]> {
  if (assigned.length === 0) return [];
  const found: Neighbour[] = [];
  for (const other of onSameApplication(connection, connections)) {
    const { rules, mapping } = other;
    if (!reachesFurther(rules, connection.rules)) continue;
    // One that was switched off runs no cycle that could take anything away.
    if ((await stores.connections.get(rules.name)).switchedOffAt !== undefined) continue;
    const links = await stores.links.load(rules.name);
    found.push({ rules, mapping, links, directory: await gatherDirectory(other, [], signal) });
  }
  return found;
}
