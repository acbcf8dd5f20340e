import type { Anchor } from '../core/directory.ts';
import { RefusedError } from '../core/errors.ts';
import type { Account, ResourceId, ScimGroup } from '../core/scim.ts';
import { parseSnapshot, type ProviderSnapshot } from '../sandbox/provider/snapshot.ts';
import type { CopiedState } from './copy-state.ts';

/** Attributes a provider computes itself. */
const COMPUTED: ReadonlySet<string> = new Set(['schemas', 'id', 'meta', 'groups', 'members']);

function resourceOf(id: ResourceId, type: 'User' | 'Group', attributes: object, members: readonly ResourceId[]) {
  return { id, type, attributes, members, created: 0, lastModified: 0, version: 1 };
}

function accountOf({ id, userName, externalId, active, body }: Account) {
  const written = Object.fromEntries(Object.entries(body).filter(([name]) => !COMPUTED.has(name)));
  const anchor = externalId === undefined ? {} : { externalId };
  return resourceOf(id, 'User', { ...written, userName, ...anchor, active }, []);
}

/** Members as shown, or as Headgate remembers them where the provider does not show any. */
function membersOf(group: ScimGroup, { facts: { links } }: CopiedState, owned: ReadonlyMap<Anchor, ResourceId>) {
  if (group.members !== undefined) return group.members;
  const link = links.find(({ resource, resourceId }) => resource === 'group' && resourceId === group.id);
  return (link?.members ?? []).flatMap((anchor) => owned.get(anchor) ?? []);
}

/** Whether the provider hides members of groups it was expected to show. */
export function hidesMembers({ facts: { inventory } }: CopiedState): boolean {
  return inventory.groups.resources.some(({ members }) => members === undefined);
}

/** Members of SCIM groups that the listing of accounts did not show: they get a place so that nothing is lost sight of. */
export function unseenMembers({ facts: { inventory } }: CopiedState): readonly ResourceId[] {
  const seen = new Set([...inventory.accounts.resources, ...inventory.groups.resources].map(({ id }) => id));
  const named = inventory.groups.resources.flatMap(({ members = [] }) => members);
  return [...new Set(named)].filter((id) => !seen.has(id));
}

/** What the provider holds, id for id. RefusedError where an account and a group share an id, which a sandbox cannot hold. */
export function providerStateOf(copied: CopiedState): ProviderSnapshot {
  const { inventory, links } = copied.facts;
  const accounts = inventory.accounts.resources;
  const groups = inventory.groups.resources;
  const ids = new Set(accounts.map(({ id }) => id));
  const shared = groups.filter(({ id }) => ids.has(id)).length;
  if (shared > 0)
    throw new RefusedError(
      'migration-refused',
      `${shared} SCIM groups have the id of an account: the sandbox cannot hold both, so this cannot be rehearsed`,
      { remedy: 'look at what would happen with: headgate migration plan.' },
    );
  const owned = new Map(
    links
      .filter(({ resource, state }) => resource === 'account' && state !== 'deleted')
      .map(({ anchor, resourceId }) => [anchor, resourceId]),
  );
  return parseSnapshot({
    format: 1,
    // Far beyond what any copied id may count to.
    lastNumber: 1_000_000_000,
    resources: [
      ...accounts.map(accountOf),
      ...unseenMembers(copied).map((id) => ({
        ...resourceOf(id, 'User', { userName: id, active: true }, []),
        madeBy: 'person',
      })),
      ...groups.map((group) => {
        const { id, displayName, externalId } = group;
        const anchor = externalId === undefined ? {} : { externalId };
        return resourceOf(id, 'Group', { displayName, ...anchor }, membersOf(group, copied, owned));
      }),
    ],
  });
}
