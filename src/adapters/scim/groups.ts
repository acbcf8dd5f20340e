import { ConflictError, RejectedError } from '../../core/errors.ts';
import type { ChangeGroup, CreateGroup, DeleteGroup, Exported } from '../../core/operation.ts';
import { isAskedBy } from '../../core/profile.ts';
import { type ResourceId, type ScimGroup, URN } from '../../core/scim.ts';
import { isAbsent } from '../../core/scim-compare.ts';
import { patchOperation, type PatchOperation } from './dialect.ts';
import { type Exchange, readResource } from './exchange.ts';
import { listTrusted } from './listing.ts';
import { equalsKey, lookUp } from './lookup.ts';
import { exported } from './outcome.ts';
import { toGroup } from './resources.ts';
import { aboutUpdate, createdId, notAbsent, sendDelete, sendPatch, unconfirmed } from './writes.ts';

/** Creates a SCIM group without members, as Entra does; on a conflict adopts the one there when it is ours. */
export async function createGroup(exchange: Exchange, operation: CreateGroup): Promise<Exported> {
  const { displayName, externalId } = operation;
  try {
    return exported(exchange, await createdId(exchange, 'Groups', { schemas: [URN.group], displayName, externalId }));
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    const { ours, namesake } = await findGroup(exchange, operation);
    if (ours === undefined) throw taken(exchange, error, namesake);
    await rename(exchange, ours, displayName);
    return exported(exchange, ours.id, { note: 'adopted' });
  }
}

/**
 * The one SCIM group with our externalId, and the first other with the same name. A provider that does not show the
 * externalId of its groups gives no way to tell ours from somebody else's. Throws ConflictError when several are ours.
 */
export async function findGroup(
  exchange: Exchange,
  { displayName, externalId }: CreateGroup,
): Promise<{ readonly ours: ScimGroup | undefined; readonly namesake: ScimGroup | undefined }> {
  const byId = await groupsBy(exchange, 'externalId', externalId);
  if (byId.length > 1) {
    throw new ConflictError(
      `${exchange.connection}: ${byId.length} SCIM groups at the provider have the same externalId`,
      {
        code: 'DuplicateTargetEntries',
        remedy: 'Delete all but the right one at the provider.',
      },
    );
  }
  if (byId[0] !== undefined) return { ours: byId[0], namesake: undefined };
  const byName = await groupsBy(exchange, 'displayName', displayName);
  return { ours: byName.find((group) => group.externalId === externalId), namesake: byName[0] };
}

async function groupsBy(
  exchange: Exchange,
  attribute: 'externalId' | 'displayName',
  value: string,
): Promise<readonly ScimGroup[]> {
  const key = { attribute, value };
  if (isAskedBy(exchange.profile, attribute))
    return (await lookUp(exchange, 'Groups', key)).flatMap((body) => toGroup(body, 'shown') ?? []);
  // Only after a conflict or a lost answer: then a whole list is cheap.
  const { resources } = await listTrusted(exchange, {
    collection: 'Groups',
    parameters: { excludedAttributes: 'members' },
    read: (body) => toGroup(body, 'hidden'),
    patient: (_exchange, read) => read(),
  });
  return resources.filter((group) => equalsKey({ [attribute]: group[attribute] ?? null }, key));
}

/** The conflict as an operator should read it. */
export function taken(exchange: Exchange, conflict: ConflictError, namesake: ScimGroup | undefined): ConflictError {
  const found =
    namesake === undefined ? 'but shows none with its displayName or externalId' : 'and its externalId is not ours';
  return new ConflictError(
    `${exchange.connection}: the provider already has a SCIM group with this displayName, ${found}`,
    {
      ...conflict.facts,
      remedy: 'Rename one of the two, or let the groups be matched by displayName if they are the same.',
    },
  );
}

async function rename(exchange: Exchange, group: ScimGroup, displayName: string): Promise<void> {
  if (group.displayName === displayName || !exchange.profile.groups.rename) return;
  const change = patchOperation(exchange.profile, 'replace', { path: 'displayName', value: displayName });
  await sendPatch(exchange, 'Groups', group.id, [change]);
}

/** Changes a SCIM group's own attributes; always with paths, because a PUT without its members would empty it. */
export async function changeGroup(exchange: Exchange, operation: ChangeGroup): Promise<Exported> {
  const operations = operation.attributes.flatMap(({ path, before, after }): readonly PatchOperation[] => {
    if (!isAbsent(after)) return [patchOperation(exchange.profile, 'replace', { path, value: after })];
    return isAbsent(before) ? [] : [patchOperation(exchange.profile, 'remove', { path })];
  });
  const id = operation.resourceId;
  await sendPatch(exchange, 'Groups', id, operations).catch(async (error: unknown) => {
    throw await aboutUpdate(exchange, 'Groups', id, error);
  });
  return exported(exchange, id);
}

/** Deletes a SCIM group, once it is empty where its members' accounts could go with it or a migration asks, and makes sure that it is gone. */
export async function deleteGroup(exchange: Exchange, operation: DeleteGroup): Promise<Exported> {
  const { deleteCascades, membersReadable } = exchange.profile.groups;
  if (deleteCascades)
    await refuseUnlessEmpty(
      exchange,
      operation.resourceId,
      'this provider may remove the accounts of its members with it',
    );
  else if (operation.onlyEmpty === true && membersReadable === 'full')
    await refuseUnlessEmpty(exchange, operation.resourceId, 'a migration deletes only what is empty');
  const absence = await sendDelete(exchange, 'Groups', operation.resourceId);
  const seen = await readDeletedGroup(exchange, operation.resourceId);
  if (absence === undefined) return seen ?? unconfirmed(exchange, 'deleted a SCIM group', 'as before');
  if (seen === undefined) throw notAbsent(exchange, absence, 'the SCIM group is still there');
  return { ...seen, note: 'gone-already' };
}

async function refuseUnlessEmpty(exchange: Exchange, id: ResourceId, why: string): Promise<void> {
  const found = await readResource(exchange, 'Groups', id);
  if (found === undefined) return;
  const members = toGroup(
    found.body,
    exchange.profile.groups.membersReadable === 'full' ? 'assumed' : 'hidden',
  )?.members;
  if (members?.length === 0) return;
  const seen = members === undefined ? 'cannot be seen to be empty' : `has ${members.length} member(s)`;
  throw new RejectedError(`${exchange.connection}: a SCIM group was not deleted: it ${seen}, and ${why}`, {
    remedy: 'Take the members out of the group at the provider, then run another cycle.',
  });
}

/** The result when the group is gone, undefined when it is still there. */
export async function readDeletedGroup(exchange: Exchange, id: ResourceId): Promise<Exported | undefined> {
  return (await readResource(exchange, 'Groups', id)) === undefined ? exported(exchange, null) : undefined;
}
