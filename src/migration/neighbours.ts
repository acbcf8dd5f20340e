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

type Asked = Pick<NeighbourPorts, 'connections'> & {
  readonly stores: Pick<NeighbourPorts['stores'], 'connections'>;
};

/** One that was switched off takes nothing from anybody. */
async function living(others: readonly Connection[], { stores }: Asked): Promise<readonly Connection[]> {
  const states = await Promise.all(others.map(({ rules }) => stores.connections.get(rules.name)));
  return others.filter((_, at) => states[at]?.switchedOffAt === undefined);
}

/**
 * The connections of the same application that let in more people by a group than this one. Whom this one counts is assigned
 * directly, which lets them in everywhere, so no other has to be asked.
 */
export function furtherReaching(connection: Connection, ports: Asked): Promise<readonly Connection[]> {
  const all = onSameApplication(connection, ports.connections);
  return living(
    all.filter(({ rules }) => reachesFurther(rules, connection.rules)),
    ports,
  );
}

/** Those that let in fewer: whom a group gives a role by the scope of this one it need not give it there. */
export function lessReaching(connection: Connection, ports: Asked): Promise<readonly Connection[]> {
  const all = onSameApplication(connection, ports.connections);
  return living(
    all.filter(({ rules }) => reachesFurther(connection.rules, rules)),
    ports,
  );
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
