import type { Anchor } from '../core/directory.ts';
import { RefusedError } from '../core/errors.ts';
import type { Link } from '../core/link.ts';
import { sharedText, type GroupElsewhere } from '../core/migration/elsewhere-findings.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { Stores } from '../ports/stores.ts';
import { sharingWith } from '../provisioning/shared-resources.ts';
import { onSameApplication } from './neighbours.ts';
import type { StepContext } from './step-context.ts';

/** What tells how other connections use a group. */
export interface ElsewherePorts {
  readonly stores: { readonly links: Pick<Stores['links'], 'find' | 'ownersOf'> };
  readonly connections: Ports['connections'];
}

/** The SCIM groups among these links that other connections to the same service provider use as well. */
async function sharedGroups(
  connection: Connection,
  { stores, connections }: ElsewherePorts,
  groupLinks: readonly Pick<Link, 'anchor' | 'resourceId'>[],
): Promise<readonly GroupElsewhere[]> {
  const anchors = new Map(groupLinks.map(({ anchor, resourceId }) => [resourceId, anchor]));
  const found: GroupElsewhere[] = [];
  for (const other of sharingWith(connection, connections))
    for (const { resourceId, state } of await stores.links.ownersOf(other, 'group', [...anchors.keys()])) {
      const anchor = anchors.get(resourceId);
      if (anchor !== undefined && state === 'active') found.push({ anchor, connection: other, how: 'same-scim-group' });
    }
  return found;
}

/** How other connections use groups that are to go: a cycle's guards ask the links of others, and so does a survey. */
export async function groupsElsewhere(
  connection: Connection,
  ports: ElsewherePorts,
  groups: readonly Anchor[],
  links: readonly Link[],
): Promise<readonly GroupElsewhere[]> {
  const going = new Set(groups);
  const own = links.filter(
    ({ resource, state, anchor }) => resource === 'group' && state !== 'deleted' && going.has(anchor),
  );
  const found = [...(await sharedGroups(connection, ports, own))];
  for (const { rules } of onSameApplication(connection, ports.connections)) {
    for (const [anchor, { state }] of await ports.stores.links.find(rules.name, 'group', groups))
      if (state === 'active') found.push({ anchor, connection: rules.name, how: 'same-application' });
  }
  return found;
}

/**
 * Asked just before a request that empties or deletes a SCIM group: another connection may have come to use it since the
 * survey. RefusedError when one does and nobody accepted it.
 */
export async function requireUnshared(context: StepContext, link: Link): Promise<void> {
  const { connection, ports } = context;
  if (context.state().options.accept.includes('shared-group')) return;
  const [shared] = await sharedGroups(connection, ports, [link]);
  if (shared === undefined) return;
  throw new RefusedError('migration-refused', `shared-group: ${sharedText(link.label, shared.connection)}`, {
    remedy:
      'Nothing more is taken out. If it is meant, roll this migration back and start it anew with --accept shared-group',
  });
}
