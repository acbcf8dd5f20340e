import { type HeadgateError, NotFoundError, RejectedError } from '../../core/errors.ts';
import type { Anchor } from '../../core/directory.ts';
import type { ChangeMembers, Exported } from '../../core/operation.ts';
import type { ResourceId } from '../../core/scim.ts';
import type { ResolveReference } from '../../ports/service-provider.ts';
import { patchOperation, type PatchOperation } from './dialect.ts';
import { type Exchange, readResource } from './exchange.ts';
import { membersAmong } from './memberships.ts';
import { exported } from './outcome.ts';
import { toGroup } from './resources.ts';
import { sendPatch, unconfirmed } from './writes.ts';

/** Members of one SCIM group to add and to remove, by resource id. */
export interface MemberChanges {
  readonly group: ResourceId;
  readonly add: readonly ResourceId[];
  readonly remove: readonly ResourceId[];
  /** Users without an account: left out, and reported. */
  readonly unresolved: readonly Anchor[];
  /** The user behind each id to add. */
  readonly anchors: ReadonlyMap<ResourceId, Anchor>;
}

/** Translates an operation on members to resource ids. An id to be added is never removed. */
export function memberChanges(exchange: Exchange, operation: ChangeMembers, resolve: ResolveReference): MemberChanges {
  const group = resolve(operation.anchor);
  if (group === undefined) {
    throw new RejectedError(
      `${exchange.connection}: the SCIM group was to be created in this cycle and does not exist`,
      {
        remedy: 'See why its creation failed; its members are planned again once it exists.',
      },
    );
  }
  const anchors = new Map<ResourceId, Anchor>();
  const unresolved: Anchor[] = [];
  for (const anchor of operation.add) {
    const id = resolve(anchor);
    if (id === undefined) unresolved.push(anchor);
    else anchors.set(id, anchor);
  }
  const remove = [...new Set(operation.remove.map(({ resourceId }) => resourceId))].filter((id) => !anchors.has(id));
  return { group, add: [...anchors.keys()], remove, unresolved, anchors };
}

/**
 * Changes the members of a SCIM group in chunks the provider takes. Where members can be read, removals are made from what
 * is really there and read back after the first chunk and at the end: providers are known that remove everybody, and
 * some that remove nobody.
 */
export async function changeMembers(
  exchange: Exchange,
  operation: ChangeMembers,
  resolve: ResolveReference,
): Promise<Exported> {
  const changes = memberChanges(exchange, operation, resolve);
  const { membersPerPatch } = exchange.profile.groups;
  // Many chunks may be cut short by throttling: what is in already is not sent again, or a large group would never be done.
  const worthwhile = changes.remove.length > 0 || changes.add.length > membersPerPatch;
  const before = worthwhile ? await readMembers(exchange, changes.group) : undefined;
  await removeMembers(exchange, changes, before);
  const lost = await addMembers(exchange, changes, before);
  return exported(exchange, changes.group, { unresolved: [...changes.unresolved, ...lost] });
}

async function removeMembers(
  exchange: Exchange,
  { group, remove }: MemberChanges,
  before: ReadonlySet<ResourceId> | undefined,
): Promise<void> {
  const present = before === undefined ? remove : remove.filter((id) => before.has(id));
  const gone = new Set<ResourceId>();
  for (const [index, chunk] of chunksOf(present, exchange.profile.groups.membersPerPatch).entries()) {
    const { refused } = await sendMembers(exchange, group, chunk, 'remove');
    // Removing somebody who is no member may be refused (noTarget); the wish is fulfilled all the same.
    const real = refused.filter(({ error }) => error.facts.scimType !== 'noTarget' && error.facts.status !== 404);
    if (real[0] !== undefined) throw severalRefused(exchange, real.length, chunk.length, 'remove', real[0].error);
    for (const id of chunk) gone.add(id);
    if (index === 0 && before !== undefined && chunk.length < present.length)
      await confirmRemoval(exchange, group, before, gone);
  }
  if (gone.size === 0) return;
  if (before !== undefined) await confirmRemoval(exchange, group, before, gone);
  else if (exchange.profile.groups.membersReadable === 'by-user-filter')
    confirmGone(exchange, gone, (await membersAmong(exchange, group, gone)).size);
}

/** Puts back members that went although nobody asked for it, and tells; then checks that the others are gone. */
async function confirmRemoval(
  exchange: Exchange,
  group: ResourceId,
  before: ReadonlySet<ResourceId>,
  gone: ReadonlySet<ResourceId>,
): Promise<void> {
  const after = await readMembers(exchange, group);
  if (after === undefined) return;
  const lost = [...before].filter((id) => !gone.has(id) && !after.has(id));
  if (lost.length > 0) {
    const out = await putBack(exchange, group, lost);
    const end = out === 0 ? 'they were put back' : `${out} of them could not be put back`;
    throw new RejectedError(
      `${exchange.connection}: asked to remove ${gone.size} member(s) of a SCIM group, the provider removed ${lost.length} more; ${end}`,
      {
        remedy:
          'Stop removals on this connection and check how the provider removes members (groups.memberRemoval of its profile).',
      },
    );
  }
  confirmGone(exchange, gone, [...gone].filter((id) => after.has(id)).length);
}

/** Puts members back as far as the provider takes them. How many are out. */
async function putBack(exchange: Exchange, group: ResourceId, lost: readonly ResourceId[]): Promise<number> {
  let refused = false;
  for (const chunk of chunksOf(lost, exchange.profile.groups.membersPerPatch)) {
    try {
      refused = (await sendMembers(exchange, group, chunk, 'add')).refused.length > 0 || refused;
    } catch (error) {
      if (!(error instanceof RejectedError)) throw error;
      refused = true;
    }
  }
  if (!refused) return 0;
  const now = await readMembers(exchange, group);
  return lost.filter((id) => now?.has(id) !== true).length;
}

function confirmGone(exchange: Exchange, gone: ReadonlySet<ResourceId>, left: number): void {
  if (left > 0)
    unconfirmed(exchange, `removed ${gone.size} member(s) of a SCIM group`, `with ${left} of them still in it`);
}

/** The members as the provider shows them, undefined where it does not. NotFoundError when the group is gone. */
export async function readMembers(exchange: Exchange, group: ResourceId): Promise<ReadonlySet<ResourceId> | undefined> {
  if (exchange.profile.groups.membersReadable !== 'full') return undefined;
  const found = await readResource(exchange, 'Groups', group);
  if (found === undefined) throw new NotFoundError(`${exchange.connection}: the SCIM group is gone`, { status: 404 });
  return new Set(toGroup(found.body, 'assumed')?.members ?? []);
}

/** Adds members; returns the users whose account turned out to be gone. */
async function addMembers(
  exchange: Exchange,
  { group, add, anchors }: MemberChanges,
  before: ReadonlySet<ResourceId> | undefined,
): Promise<readonly Anchor[]> {
  const missing = before === undefined ? add : add.filter((id) => !before.has(id));
  const refused: Refusal[] = [];
  for (const chunk of chunksOf(missing, exchange.profile.groups.membersPerPatch)) {
    exchange.quota.take(group, chunk.length);
    refused.push(...(await sendMembers(exchange, group, chunk, 'add')).refused);
  }
  const lost: Anchor[] = [];
  const real: Refusal[] = [];
  for (const refusal of refused) {
    const anchor = anchors.get(refusal.id);
    if (anchor !== undefined && (await readResource(exchange, 'Users', refusal.id)) === undefined) lost.push(anchor);
    else real.push(refusal);
  }
  if (real[0] !== undefined) throw severalRefused(exchange, real.length, add.length, 'add', real[0].error);
  return lost;
}

interface Refusal {
  readonly id: ResourceId;
  readonly error: HeadgateError;
}

/** More single refusals than this in one chunk mean that the request is wrong, not the members. */
const MOST_REFUSALS = 10;

/**
 * Sends one chunk; when the provider refuses it, halves it until the members at fault stand alone, so that one unknown
 * account does not keep the others out.
 */
async function sendMembers(
  exchange: Exchange,
  group: ResourceId,
  ids: readonly ResourceId[],
  verb: 'add' | 'remove',
): Promise<{ readonly refused: readonly Refusal[] }> {
  const refused: Refusal[] = [];
  const open = [ids];
  let proven = false;
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    try {
      await sendPatch(exchange, 'Groups', group, memberOperations(exchange, part, verb));
    } catch (error) {
      if (!(error instanceof RejectedError) && !(error instanceof NotFoundError)) throw error;
      if (!proven && error instanceof NotFoundError) await provePresent(exchange, group, error);
      proven = true;
      if (part.length > 1) open.push(part.slice(part.length >> 1), part.slice(0, part.length >> 1));
      else refused.push(...part.map((id) => ({ id, error })));
      if (refused.length > MOST_REFUSALS) throw error;
    }
  }
  return { refused };
}

/** A 404 for a PATCH may mean the group or a member. */
async function provePresent(exchange: Exchange, group: ResourceId, error: NotFoundError): Promise<void> {
  if ((await readResource(exchange, 'Groups', group)) === undefined) throw error;
}

/**
 * Never a remove without a member and never an empty list: both can empty the group (RFC 7644 section 3.5.2.2, and servers
 * seen to do so).
 */
export function memberOperations(
  exchange: Pick<Exchange, 'profile'>,
  ids: readonly ResourceId[],
  verb: 'add' | 'remove',
): readonly PatchOperation[] {
  if (ids.length === 0) return [];
  const { profile } = exchange;
  const value = ids.map((id) => ({ value: id }));
  if (verb === 'add' || profile.groups.memberRemoval === 'value-array') {
    return [patchOperation(profile, verb, { path: 'members', value })];
  }
  return ids.map((id) => patchOperation(profile, 'remove', { path: `members[value eq ${JSON.stringify(id)}]` }));
}

function severalRefused(
  exchange: Exchange,
  count: number,
  of: number,
  verb: string,
  first: HeadgateError,
): RejectedError {
  const message = `${exchange.connection}: the provider refused to ${verb} ${count} of ${of} member(s) of a SCIM group; the others are done`;
  return new RejectedError(message, {
    ...first.facts,
    remedy: 'See what these accounts have in common at the provider.',
  });
}

export function chunksOf<T>(values: readonly T[], size: number): readonly (readonly T[])[] {
  const chunks: T[][] = [];
  for (let start = 0; start < values.length; start += size) chunks.push(values.slice(start, start + size));
  return chunks;
}
