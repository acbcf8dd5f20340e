import type { TenantUser } from '../../organisation/model.ts';
import { text } from '../../organisation/model.ts';
import type { Organisation } from '../../organisation/organisation.ts';
import type { JobMemory } from './job-memory.ts';
import { stayed, type JobScope, type ScopedGroup } from './job-scope.ts';
import { TargetFailure, type ScimTarget } from './scim-target.ts';

/** One pass of the job over what changed. */
export interface CycleRun {
  readonly organisation: Pick<Organisation, 'users' | 'deletedUsers'>;
  /** As read when it begins. */
  readonly scope: JobScope;
  /** Reads it once more. */
  readonly readAgain: () => JobScope;
  readonly memory: JobMemory;
  readonly target: ScimTarget;
  /** More removals than this at once quarantine the job before any is sent. */
  readonly deleteThreshold: number | undefined;
}

export interface CycleCounts {
  exports: number;
  escrowed: number;
}

export type CycleEnd = 'done' | 'unauthorized' | 'too-many-deletes';

const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User';
/** What Entra takes off the name of a guest (learn.microsoft.com, how-provisioning-works, B2B users). */
const GUEST_SUFFIX = /#EXT#@[^@]*$/i;
const GROUP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Group';

/** Ends the cycle at once: the provider does not take the token. */
class Unauthorized extends Error {
  override readonly name = 'Unauthorized';
}

/**
 * An incremental cycle, or an initial one where nothing is remembered yet: users first, then groups, then who is gone,
 * members, and groups last (learn.microsoft.com, how-provisioning-works). What fails is put into escrow and tried again by the next.
 * Entra does not read the directory in one moment, and nobody says in which order. At worst it has looked for each assignment
 * when that was not there, so whoever has none that was there from the beginning on until it looks for who is gone, is gone.
 */
export async function runCycle(run: CycleRun, counts: CycleCounts): Promise<CycleEnd> {
  const { scope, memory } = run;
  const leaving = [...memory.groups.keys()].filter((group) => !scope.groups.has(group));
  if (tooMany(run, leaversOf(run, scope).length + leaving.length)) return 'too-many-deletes';
  try {
    for (const user of scope.users.values()) await attempt(counts, () => provisionUser(run, counts, user));
    for (const group of scope.groups.values()) await attempt(counts, () => provisionGroup(run, counts, group));
    const now = run.readAgain();
    const leavers = leaversOf(run, now);
    if (tooMany(run, leavers.length + leaving.length)) return 'too-many-deletes';
    for (const user of leavers) await attempt(counts, () => deprovisionUser(run, counts, user, now.at));
    for (const group of scope.groups.values()) await attempt(counts, () => provisionMembers(run, counts, group));
    for (const group of leaving) await attempt(counts, () => deprovisionGroup(run, counts, group));
  } catch (error) {
    if (error instanceof Unauthorized) return 'unauthorized';
    throw error;
  }
  return 'done';
}

function leaversOf({ scope, memory }: CycleRun, now: JobScope): readonly string[] {
  return [...memory.users].flatMap(([user, { active }]) => (active && !stayed(user, scope, now) ? [user] : []));
}

function tooMany({ deleteThreshold }: CycleRun, removals: number): boolean {
  return deleteThreshold !== undefined && removals > deleteThreshold;
}

async function attempt(counts: CycleCounts, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof TargetFailure && error.status === 401) throw new Unauthorized('the token is refused');
    counts.escrowed += 1;
  }
}

/** One user alone, whatever else is due: provisioning on demand. */
export async function runForUser(run: CycleRun, counts: CycleCounts, user: string): Promise<void> {
  const found = run.scope.users.get(user);
  if (found !== undefined) return attempt(counts, () => provisionUser(run, counts, found));
  if (run.memory.users.get(user)?.active === true)
    return attempt(counts, () => deprovisionUser(run, counts, user, run.scope.at));
}

async function provisionUser({ memory, target }: CycleRun, counts: CycleCounts, user: TenantUser): Promise<void> {
  const known = memory.users.get(user.id);
  if (known?.active === true) return;
  if (known !== undefined && (await target.patch('Users', known.id, [setActive(true)]))) {
    memory.users.set(user.id, { id: known.id, active: true });
    counts.exports += 1;
    return;
  }
  const userName = text(user.properties, 'userPrincipalName').replace(GUEST_SUFFIX, '');
  const found = await target.find('Users', 'userName', userName);
  if (found === undefined) counts.exports += 1;
  const id = found ?? (await target.create('Users', accountOf(user, userName)));
  memory.users.set(user.id, { id, active: true });
}

function accountOf({ properties }: TenantUser, userName: string) {
  const mail = text(properties, 'mail');
  return {
    schemas: [USER_SCHEMA],
    // Entra's default mapping: the alias, not the object id.
    externalId: text(properties, 'mailNickname'),
    userName,
    active: true,
    displayName: text(properties, 'displayName'),
    name: { givenName: text(properties, 'givenName'), familyName: text(properties, 'surname') },
    ...(mail === '' ? {} : { emails: [{ type: 'work', value: mail, primary: true }] }),
  };
}

function setActive(active: boolean) {
  return { op: 'replace', path: 'active', value: active };
}

async function provisionGroup({ memory, target }: CycleRun, counts: CycleCounts, group: ScopedGroup): Promise<void> {
  if (memory.groups.has(group.id)) return;
  const found = await target.find('Groups', 'displayName', group.name);
  const id =
    found ??
    (await target.create('Groups', { schemas: [GROUP_SCHEMA], externalId: group.id, displayName: group.name }));
  if (found === undefined) counts.exports += 1;
  memory.groups.set(group.id, { id, members: new Set() });
}

async function deprovisionUser(run: CycleRun, counts: CycleCounts, user: string, at: number): Promise<void> {
  const { memory, target, organisation } = run;
  const known = memory.users.get(user);
  if (known === undefined) return;
  const gone = organisation.users.get(user, at) === undefined && organisation.deletedUsers.get(user, at) === undefined;
  counts.exports += 1;
  if (gone) {
    await target.remove('Users', known.id);
    memory.users.delete(user);
    return;
  }
  await target.patch('Users', known.id, [setActive(false)]);
  memory.users.set(user, { ...known, active: false });
}

async function provisionMembers({ memory, target }: CycleRun, counts: CycleCounts, group: ScopedGroup): Promise<void> {
  const known = memory.groups.get(group.id);
  if (known === undefined) return;
  const members = new Map(group.members.flatMap((user) => [[user, memory.users.get(user)?.id] as const]));
  const wanted = new Map([...members].filter((pair): pair is [string, string] => pair[1] !== undefined));
  const added = [...wanted].filter(([user]) => !known.members.has(user)).map(([, id]) => ({ value: id }));
  const removed = [...known.members].filter((user) => !wanted.has(user));
  if (added.length + removed.length === 0) return;
  const operations = [
    ...(added.length === 0 ? [] : [{ op: 'add', path: 'members', value: added }]),
    ...removed.flatMap((user) => {
      const id = memory.users.get(user)?.id;
      return id === undefined ? [] : [{ op: 'remove', path: `members[value eq "${id}"]` }];
    }),
  ];
  counts.exports += 1;
  if (operations.length > 0) await target.patch('Groups', known.id, operations);
  memory.groups.set(group.id, { ...known, members: new Set(wanted.keys()) });
}

async function deprovisionGroup({ memory, target }: CycleRun, counts: CycleCounts, group: string): Promise<void> {
  const known = memory.groups.get(group);
  if (known === undefined) return;
  counts.exports += 1;
  await target.remove('Groups', known.id);
  memory.groups.delete(group);
}
