import type { JsonObject } from '../../../../core/scim.ts';
import type { Change } from '../../../organisation/model.ts';
import type { GraphCall } from '../call.ts';
import { groupEntry, userEntry, type MemberEntry, type Watched } from './entries.ts';
import type { DeltaPlace } from './place.ts';

/** One page of a round and where it goes on; `done` when there is nothing more to tell. */
export interface DeltaPage {
  readonly entries: readonly JsonObject[];
  readonly place: DeltaPlace;
  readonly done: boolean;
}

type Place<P extends DeltaPlace['phase']> = Extract<DeltaPlace, { phase: P }>;

/** Changes of other kinds are passed over; after so many times a page's worth the page ends, empty if need be. */
const LOOKED_AT_PER_PAGE = 10;

/** Position in the log of the first change not visible at a version. */
export function endOfLog(changes: readonly Change[], at: number): number {
  return changes.findLastIndex((change) => change.version <= at) + 1;
}

/** Position in the log so many versions before another. */
export function rewound(changes: readonly Change[], from: number, versions: number): number {
  const version = (changes[from - 1]?.version ?? 0) - versions;
  return Math.min(from, endOfLog(changes, version));
}

function keeps(watched: Watched): (object: { readonly id: string }) => boolean {
  return ({ id }) => watched.ids === undefined || watched.ids.has(id);
}

/** Visible changes of a page, each handed to `tell`, until that says the page is full. */
function readLog(
  call: GraphCall,
  at: number,
  from: number,
  tell: (change: Change) => boolean,
): Omit<DeltaPage, 'entries'> {
  const { changes } = call.organisation;
  const most = from + call.pageSize * LOOKED_AT_PER_PAGE;
  let index = from;
  let full = false;
  for (let change = changes[index]; change !== undefined && change.version <= at; change = changes[index]) {
    if (full || index === most) return { place: { phase: 'log', from: index }, done: false };
    full = tell(change);
    index += 1;
  }
  return { place: { phase: 'log', from: index }, done: true };
}

function concerns(watched: Watched, properties: readonly string[] | undefined): boolean {
  if (properties === undefined) return true;
  return properties.some((name) => watched.properties.includes(name) || (watched.related && name === 'manager'));
}

function changedUsers(call: GraphCall, at: number, watched: Watched, place: Place<'log'>): DeltaPage {
  const entries: JsonObject[] = [];
  const keep = keeps(watched);
  const read = readLog(call, at, place.from, (change) => {
    if (change.kind === 'user' && keep(change) && concerns(watched, change.properties)) {
      entries.push(userEntry(call, at, watched, change));
    }
    return entries.length === call.pageSize;
  });
  return { entries, ...read };
}

function listedUsers(
  call: GraphCall,
  at: number,
  watched: Watched,
  place: Place<'present'> | Place<'deleted'>,
): DeltaPage {
  const { users, deletedUsers } = call.organisation;
  const present = place.phase === 'present';
  const { values, last, more } = (present ? users : deletedUsers).after(place.after, call.pageSize, at, keeps(watched));
  const entries = values.map(({ id }) => userEntry(call, at, watched, { id }));
  if (more) return { entries, place: { ...place, after: last }, done: false };
  const { from } = place;
  return { entries, place: present ? { phase: 'deleted', from, after: 0 } : { phase: 'log', from }, done: false };
}

/** A page of `users/delta`. */
export function userPage(call: GraphCall, at: number, watched: Watched, place: DeltaPlace): DeltaPage {
  return place.phase === 'log' ? changedUsers(call, at, watched, place) : listedUsers(call, at, watched, place);
}

/** A group being put together from neighbouring changes of it. */
interface OpenGroup {
  readonly id: string;
  properties: readonly string[] | undefined;
  readonly members: Map<string, MemberEntry>;
}

function changedGroups(call: GraphCall, at: number, watched: Watched, place: Place<'log'>): DeltaPage {
  const groups: OpenGroup[] = [];
  const keep = keeps(watched);
  let told = 0;

  function open(id: string): OpenGroup {
    const last = groups.at(-1);
    if (last?.id === id) return last;
    const group: OpenGroup = { id, properties: [], members: new Map() };
    groups.push(group);
    return group;
  }

  const read = readLog(call, at, place.from, (change) => {
    if (change.kind === 'group' && keep(change) && concerns(watched, change.properties)) {
      const group = open(change.id);
      const both = change.properties === undefined || group.properties === undefined;
      group.properties = both ? undefined : [...(group.properties ?? []), ...(change.properties ?? [])];
      told += 1;
    } else if (change.kind === 'member' && keep(change) && watched.related) {
      open(change.id).members.set(change.member, { kind: change.memberKind, joined: change.joined });
      told += 1;
    }
    return told === call.pageSize;
  });
  return { entries: groups.map((group) => groupEntry(call, at, watched, group, group.members)), ...read };
}

/** Groups as they are. One with more members than fit comes again on the next page, with others of them. */
function listedGroups(call: GraphCall, at: number, watched: Watched, place: Place<'present'>): DeltaPage {
  const { organisation } = call;
  const entries: JsonObject[] = [];
  let { after, inside } = place;
  let room = call.pageSize;
  while (room > 0) {
    const [group, position] = firstOf(organisation.groups.after(after, 1, at, keeps(watched)));
    if (group === undefined) return { entries, place: { phase: 'log', from: place.from }, done: false };
    const start = inside?.group === position ? inside.member : 0;
    const page = watched.related
      ? organisation.members(group.id).after(start, room, at)
      : { values: [], last: 0, more: false };
    const shown = page.values.map(({ id, kind }): [string, MemberEntry] => [id, { kind, joined: true }]);
    entries.push(groupEntry(call, at, watched, { id: group.id }, new Map(shown)));
    room -= page.values.length + 1;
    if (page.more) inside = { group: position, member: page.last };
    else after = position;
  }
  return { entries, place: { phase: 'present', from: place.from, after, ...(inside && { inside }) }, done: false };
}

function firstOf<V>(slice: { readonly values: readonly V[]; readonly last: number }): readonly [V | undefined, number] {
  return [slice.values[0], slice.last];
}

/** A page of `groups/delta`. */
export function groupPage(call: GraphCall, at: number, watched: Watched, place: DeltaPlace): DeltaPage {
  if (place.phase === 'log') return changedGroups(call, at, watched, place);
  if (place.phase === 'present') return listedGroups(call, at, watched, place);
  throw new Error('deleted groups cannot be restored here, so no round lists them');
}
