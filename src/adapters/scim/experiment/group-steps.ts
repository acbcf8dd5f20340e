import { NotFoundError } from '../../../core/errors.ts';
import { URN, type ResourceId } from '../../../core/scim.ts';
import type { ProviderProfile } from '../../../core/profile.ts';
import { patchOperation } from '../dialect.ts';
import { readResource } from '../exchange.ts';
import { listTrusted } from '../listing.ts';
import { memberOperations } from '../members.ts';
import { toGroup } from '../resources.ts';
import { sendPatch } from '../writes.ts';
import { type Bench, bodyOf, newName, refusalWords } from './bench.ts';
import { standingOf } from './change-steps.ts';
import type { Own } from './own-resources.ts';

type Readable = ProviderProfile['groups']['membersReadable'];

/** Creates the group; undefined when the provider has none. */
export async function makeGroup({ note, attempt, exchange, own }: Bench): Promise<Own | undefined> {
  const name = newName();
  const body = { schemas: [URN.group], displayName: name, externalId: name };
  const made = await attempt(() => own.make(exchange, 'Groups', name, body));
  note('group.create', made.ok, made.ok ? 'created' : refusalWords(made.error));
  return made.ok ? made.value : undefined;
}

/** Puts two accounts into the group and takes one out again, looking at what really happened. */
export async function tryMembers(bench: Bench, group: Own, stays: Own, leaves: Own): Promise<void> {
  const { note, untold, attempt, exchange } = bench;
  const add = (...ids: readonly ResourceId[]) =>
    attempt(() => sendPatch(exchange, 'Groups', group.id, memberOperations(exchange, ids, 'add')));
  const together = await add(stays.id, leaves.id);
  // Some take one change at a time; the chunk tells of that.
  const apart = together.ok ? [] : [await add(stays.id), await add(leaves.id)];
  if (!together.ok && !apart.every(({ ok }) => ok)) {
    note('group.addMembers', false, refusalWords(together.error));
    return;
  }
  const readable = await howReadable(bench, group, stays);
  note(
    'group.membersReadable',
    readable,
    readable === 'never' ? 'neither the group nor a filter shows them' : 'seen so',
  );
  if (readable === 'never') {
    untold('group.addMembers', 'answered with success; nobody can see whether it is so');
    untold('group.removeMember', 'members cannot be read here');
    return;
  }
  const both = (await isMember(bench, group, stays, readable)) && (await isMember(bench, group, leaves, readable));
  note(
    'group.addMembers',
    both,
    both ? `both are members${together.ok ? '' : ', added one by one'}` : 'answered with success, yet one is no member',
  );
  await tryRemoval(bench, group, stays, leaves, readable);
}

async function tryRemoval(bench: Bench, group: Own, stays: Own, leaves: Own, readable: Readable): Promise<void> {
  const { note, attempt, exchange } = bench;
  const { memberRemoval } = exchange.profile.groups;
  const forms = [memberRemoval, memberRemoval === 'value-filter' ? 'value-array' : 'value-filter'] as const;
  let words = '';
  for (const form of forms) {
    const profile = { ...exchange.profile, groups: { ...exchange.profile.groups, memberRemoval: form } };
    const sent = await attempt(() =>
      sendPatch(exchange, 'Groups', group.id, memberOperations({ profile }, [leaves.id], 'remove')),
    );
    if (!sent.ok) {
      words = refusalWords(sent.error);
      continue;
    }
    if (await isMember(bench, group, leaves, readable)) {
      words = 'answered with success, yet it is a member still';
      continue;
    }
    note('group.memberRemoval', form, 'the form that worked');
    const others = await isMember(bench, group, stays, readable);
    note('group.removeMember', others, others ? 'the other member stayed' : 'the other member went as well');
    return;
  }
  note('group.removeMember', false, words);
}

/** How a membership that was just made can be seen; a filter counts only when it does not answer for everybody. */
async function howReadable(bench: Bench, group: Own, member: Own): Promise<Readable> {
  const { attempt } = bench;
  const shown = await attempt(() => isMember(bench, group, member, 'full'));
  if (shown.ok && shown.value) return 'full';
  const filtered = await attempt(() => isMember(bench, group, member, 'by-user-filter'));
  if (!filtered.ok || !filtered.value) return 'never';
  const nobody = await attempt(() => groupsOf(bench, newName()));
  return nobody.ok && !nobody.value.includes(group.id) ? 'by-user-filter' : 'never';
}

async function isMember(bench: Bench, group: Own, member: Own, readable: Readable): Promise<boolean> {
  if (readable !== 'full') return (await groupsOf(bench, member.id)).includes(group.id);
  const found = await readResource(bench.exchange, 'Groups', group.id);
  if (found === undefined) throw new NotFoundError(`${bench.exchange.connection}: the SCIM group is gone`);
  return toGroup(found.body, 'shown')?.members?.includes(member.id) ?? false;
}

async function groupsOf({ exchange, patient }: Bench, member: ResourceId): Promise<readonly ResourceId[]> {
  const parameters = { filter: `members.value eq ${JSON.stringify(member)}` };
  const listing = await listTrusted(exchange, {
    collection: 'Groups',
    parameters,
    read: (body) => toGroup(body, 'hidden'),
    patient,
  });
  return listing.resources.map(({ id }) => id);
}

/** Gives the group another name. */
export async function tryRename({ note, attempt, exchange }: Bench, group: Own): Promise<void> {
  const value = `${group.name} (renamed)`;
  const sent = await attempt(() =>
    sendPatch(exchange, 'Groups', group.id, [
      patchOperation(exchange.profile, 'replace', { path: 'displayName', value }),
    ]),
  );
  const after = sent.ok ? await attempt(() => bodyOf(exchange, group)) : sent;
  if (!after.ok) return note('group.rename', false, refusalWords(after.error));
  const renamed = after.value?.['displayName'] === value;
  return note('group.rename', renamed, renamed ? 'renamed' : 'answered with success, yet it keeps its name');
}

/** Longer lists would only be a load. */
const LONGEST_LIST = 1000;

/** As many members in one PATCH as the profile sends: the same one again and again, because there are no more of ours. */
export async function tryChunk({ note, untold, attempt, exchange }: Bench, group: Own, member: Own): Promise<void> {
  const { membersPerPatch } = exchange.profile.groups;
  if (membersPerPatch > LONGEST_LIST) {
    untold('group.membersPerPatch', `${membersPerPatch} is more than is tried (${LONGEST_LIST})`);
    return;
  }
  const send = (count: number) =>
    attempt(() => {
      const value = Array.from({ length: count }, () => ({ value: member.id }));
      return sendPatch(exchange, 'Groups', group.id, [
        patchOperation(exchange.profile, 'add', { path: 'members', value }),
      ]);
    });
  const full = await send(membersPerPatch);
  if (!full.ok) return note('group.membersPerPatch', false, `${membersPerPatch}: ${refusalWords(full.error)}`);
  const more = await send(membersPerPatch + 1);
  const beyond = more.ok ? `takes ${membersPerPatch + 1} as well` : `refuses ${membersPerPatch + 1}`;
  return note('group.membersPerPatch', true, `takes ${membersPerPatch} (one member repeated), ${beyond}`);
}

/** Deletes the group with its member in it, and looks whether the member still has an account. */
export async function tryGroupDelete(bench: Bench, group: Own, member: Own | undefined): Promise<void> {
  const { note, untold, attempt, exchange } = bench;
  const before = member === undefined ? undefined : await attempt(() => standingOf(exchange, member));
  const remove = () => attempt(() => exchange.send({ method: 'DELETE', collection: 'Groups', id: group.id }));
  const sent = await remove();
  const after = await attempt(() => bodyOf(exchange, group));
  const gone = after.ok && after.value === undefined;
  note(
    'group.delete',
    gone,
    gone ? 'gone, with a member in it' : sent.ok ? 'still readable' : refusalWords(sent.error),
  );
  if (!gone || member === undefined || before?.ok !== true || before.value !== 'active') {
    untold('group.deleteCascades', gone ? 'it had no active member' : 'the group was not deleted');
    return;
  }
  const left = await attempt(() => standingOf(exchange, member));
  if (!left.ok) return untold('group.deleteCascades', refusalWords(left.error));
  const lost = left.value !== 'active';
  return note(
    'group.deleteCascades',
    lost,
    lost ? `the account of its member is ${left.value}` : 'its member is active',
  );
}
