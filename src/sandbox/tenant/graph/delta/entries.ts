import type { JsonObject } from '../../../../core/scim.ts';
import type { MemberKind } from '../../../organisation/model.ts';
import type { GraphCall } from '../call.ts';
import { project, shownGroup, shownUser } from '../projection.ts';

/** What a caller tracks of each object, and how much of it is to be shown. */
export interface Watched {
  readonly properties: readonly string[];
  /** Whether `manager` or `members` is tracked. */
  readonly related: boolean;
  /** `Prefer: return=minimal`: of an object that only changed, what changed. */
  readonly minimal: boolean;
  /** The only objects tracked; absent for all. */
  readonly ids?: ReadonlySet<string>;
}

/** A changed member of a group. */
export interface MemberEntry {
  readonly kind: MemberKind;
  readonly joined: boolean;
}

const REMOVED = { '@removed': { reason: 'deleted' } } as const;

function reference(kind: MemberKind, id: string, present: boolean): JsonObject {
  return { '@odata.type': `#microsoft.graph.${kind}`, id, ...(present ? {} : REMOVED) };
}

/** The tracked properties to show when some changed, or when the object is new (no list). */
function shownNames(watched: Watched, changed: readonly string[] | undefined): readonly string[] {
  const { properties, minimal } = watched;
  return [
    'id',
    ...(minimal && changed !== undefined ? properties.filter((name) => changed.includes(name)) : properties),
  ];
}

/** A user as it is at `at`, whatever it was when it changed: Graph shows the latest state. */
export function userEntry(
  call: GraphCall,
  at: number,
  watched: Watched,
  change: { readonly id: string; readonly properties?: readonly string[]; readonly formerManager?: string },
): JsonObject {
  const { organisation } = call;
  const user = organisation.users.get(change.id, at);
  if (user === undefined) {
    const restorable = organisation.deletedUsers.get(change.id, at) !== undefined;
    return { id: change.id, '@removed': { reason: restorable ? 'changed' : 'deleted' } };
  }
  const shown = project(shownUser(user), shownNames(watched, change.properties));
  const managerTold = watched.related && (change.properties?.includes('manager') ?? true);
  if (!managerTold) return shown;
  const manager = user.managerId === null ? undefined : organisation.users.get(user.managerId, at)?.id;
  const former = change.formerManager === manager ? undefined : change.formerManager;
  const references = [
    ...(former === undefined ? [] : [reference('user', former, false)]),
    ...(manager === undefined ? [] : [reference('user', manager, true)]),
  ];
  return references.length === 0 ? shown : { ...shown, 'manager@delta': references };
}

/** A group as it is at `at`, with members who came or went. */
export function groupEntry(
  call: GraphCall,
  at: number,
  watched: Watched,
  change: { readonly id: string; readonly properties?: readonly string[] | undefined },
  members: ReadonlyMap<string, MemberEntry>,
): JsonObject {
  const group = call.organisation.groups.get(change.id, at);
  if (group === undefined) return { id: change.id, ...REMOVED };
  const shown = project(shownGroup(group), shownNames(watched, change.properties));
  if (members.size === 0) return shown;
  const references = [...members].map(([id, { kind, joined }]) => reference(kind, id, joined));
  return { ...shown, 'members@delta': references };
}
