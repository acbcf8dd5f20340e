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
 * The connections of the same application that let in more people by a group than this one. Whom this one counts is assigned
 * directly, which lets them in everywhere, so no other has to be asked. One that was switched off takes nothing from anybody.
 */
export async function furtherReaching(
  connection: Connection,
  {
    stores,
    connections,
  }: Pick<NeighbourPorts, 'connections'> & {
    readonly stores: Pick<NeighbourPorts['stores'], 'connections'>;
  },
): Promise<readonly Connection[]> {
  const further = onSameApplication(connection, connections).filter(({ rules }) =>
    reachesFurther(rules, connection.rules),
  );
  const states = await Promise.all(further.map(({ rules }) => stores.connections.get(rules.name)));
  return further.filter((_, at) => states[at]?.switchedOffAt === undefined);
}

/** Reads the directory as the cycles of these connections do. Only groups that are assigned let anybody in. */
export async function readNeighbours(
  connection: Connection,
  ports: NeighbourPorts,
  assigned: readonly Anchor[],
  signal: AbortSignal,
): Promise<readonly Neighbour[]> {
  const found: Neighbour[] = [];
  for (const other of assigned.length === 0 ? [] : await furtherReaching(connection, ports)) {
    const { rules, mapping } = other;
    const links = await ports.stores.links.load(rules.name);
    found.push({ rules, mapping, links, directory: await gatherDirectory(other, [], signal) });
  }
  return found;
}
