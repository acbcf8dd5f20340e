import type { Anchor } from '../../core/directory.ts';
import { linkAfter } from '../../core/link-after.ts';
import type { Link } from '../../core/link.ts';
import type { ChangeMembers, DeleteGroup, WriteWitness } from '../../core/operation.ts';
import { WAVE } from '../../core/operation.ts';
import { counted } from '../../core/reasons.ts';
import type { ResourceId } from '../../core/scim.ts';
import { changeProvider } from '../calls.ts';
import { requireUnshared } from '../groups-elsewhere.ts';
import type { StepContext } from '../step-context.ts';

/** A living link of a SCIM group, or none. */
export async function groupLink({ ports, connection }: StepContext, group: Anchor): Promise<Link | undefined> {
  const found = (await ports.stores.links.find(connection.rules.name, 'group', [group])).get(group);
  return found === undefined || found.state === 'deleted' ? undefined : found;
}

/** Members of a SCIM group: as the provider shows them, or as Headgate remembers them where it does not. */
export async function membersOf(
  { ports, connection, signal }: StepContext,
  link: Link,
): Promise<{ readonly members: readonly ResourceId[]; readonly shown: boolean } | undefined> {
  const group = await connection.provider.readGroup(link.resourceId, signal);
  if (group === undefined) return undefined;
  if (group.members !== undefined) return { members: group.members, shown: true };
  const accounts = await ports.stores.links.find(connection.rules.name, 'account', link.members ?? []);
  const living = [...accounts.values()].filter(({ state }) => state !== 'deleted');
  return { members: living.map(({ resourceId }) => resourceId), shown: false };
}

/** A change of members of a linked SCIM group. */
function membersChange(link: Link, change: Pick<ChangeMembers, 'reason' | 'add' | 'remove'>): ChangeMembers {
  return {
    resource: 'group',
    kind: 'members',
    key: `${WAVE.members}:group:members:${link.anchor}`,
    wave: WAVE.members,
    anchor: link.anchor,
    label: link.label,
    ...change,
  };
}

/** Sends an operation on a linked SCIM group, in which `accounts` may be named. The link that follows from it. */
async function carryOut(
  { connection: { provider }, signal }: StepContext,
  link: Link,
  operation: ChangeMembers | DeleteGroup,
  witness: WriteWitness,
  accounts: ReadonlyMap<Anchor, ResourceId> = new Map(),
): Promise<readonly Link[]> {
  const resolve = (anchor: Anchor) => (anchor === link.anchor ? link.resourceId : accounts.get(anchor));
  const exported = await provider.apply(operation, resolve, signal, witness);
  const after = linkAfter(operation, exported, link, provider.profile);
  return after === undefined ? [] : [after];
}

/** Takes members out of a SCIM group, as one call. */
export async function takeOut(context: StepContext, link: Link, ids: readonly ResourceId[]): Promise<void> {
  await requireUnshared(context, link);
  const { ports, connection } = context;
  const { provider, rules } = connection;
  const owners = new Map(
    (await ports.stores.links.ownersOf(rules.name, 'account', ids)).map(({ resourceId, anchor }) => [
      resourceId,
      anchor,
    ]),
  );
  const operation = membersChange(link, {
    reason: { code: 'group-out-of-scope', text: 'emptied by a migration before it goes' },
    add: [],
    // A member nobody of ours is linked to has no anchor; its id stands for it.
    remove: ids.map((resourceId) => ({ anchor: owners.get(resourceId) ?? resourceId, resourceId })),
  });
  const [request] = provider.preview(link.resourceId, { remove: ids });
  if (request === undefined) return;
  const what = `take ${counted(ids.length, 'member')} out of SCIM group ${link.label}`;
  const call = { key: emptyKey(link.anchor, ids), what, request, group: link.anchor, members: ids };
  await changeProvider(context, call, (witness) => carryOut(context, link, operation, witness));
}

/**
 * Puts accounts back into a SCIM group, by the users they belong to, as one call. `strangers` belong to nobody of ours, their
 * ids stand for them, and the link does not take them for members Headgate made.
 */
export async function putBack(
  context: StepContext,
  link: Link,
  accounts: ReadonlyMap<Anchor, ResourceId>,
  whose: 'users' | 'strangers',
): Promise<void> {
  const { provider } = context.connection;
  const ids = [...accounts.values()];
  const operation = membersChange(link, {
    reason: { code: 'members-differ', text: 'put back by the rollback of a migration' },
    add: [...accounts.keys()],
    remove: [],
  });
  const [request] = provider.preview(link.resourceId, { add: ids });
  if (request === undefined) return;
  const what = `put ${counted(ids.length, 'member')} back into SCIM group ${link.label}`;
  const call = { key: refillKey(link.anchor, ids), what, request, group: link.anchor, members: ids };
  await changeProvider(context, call, async (witness) => {
    const after = await carryOut(context, link, operation, witness, accounts);
    return whose === 'users' ? after : [];
  });
}

/** What a call that takes these members out is known by. */
export function emptyKey(group: Anchor, ids: readonly ResourceId[]): string {
  return `empty ${group} ${ids.join(' ')}`;
}

/** What a call that puts these members back is known by. */
export function refillKey(group: Anchor, ids: readonly ResourceId[]): string {
  return `refill ${group} ${ids.join(' ')}`;
}

/** Deletes an emptied SCIM group, as one call. */
export async function deleteGroup(context: StepContext, link: Link): Promise<void> {
  await requireUnshared(context, link);
  const { provider } = context.connection;
  const operation: DeleteGroup = {
    resource: 'group',
    kind: 'delete',
    key: `${WAVE.delete}:group:delete:${link.anchor}`,
    wave: WAVE.delete,
    anchor: link.anchor,
    label: link.label,
    reason: { code: 'group-out-of-scope', text: 'deleted first by a migration, as a canary' },
    resourceId: link.resourceId,
    onlyEmpty: true,
  };
  const [request] = provider.preview(link.resourceId, 'delete');
  if (request === undefined) return;
  const call = { key: `delete ${link.anchor}`, what: `delete SCIM group ${link.label}`, request, group: link.anchor };
  await changeProvider(context, call, (witness) => carryOut(context, link, operation, witness));
}
