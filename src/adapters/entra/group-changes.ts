import type { Anchor, GroupChange } from '../../core/directory.ts';
import { IncompleteReadError } from '../../core/errors.ts';
import { CALLS } from './call.ts';
import { isObject, textOf, type RawObject } from './json.ts';
import { requireText } from './paging.ts';

/** Who came and went, of one kind. The last word about a member is in one of the two. */
interface Traffic {
  readonly added: Set<Anchor>;
  readonly removed: Set<Anchor>;
}

interface Merged {
  gone: boolean;
  changed: boolean;
  readonly users: Traffic;
  readonly groups: Traffic;
}

/** Merges the groups of a round of change tracking, which come in pieces, repeatedly and in any order. */
export interface GroupChanges {
  /** @throws IncompleteReadError for an object that cannot be read */
  take(object: RawObject): void;
  all(): ReadonlyMap<Anchor, GroupChange>;
}

/** Starts with no change. */
export function createGroupChanges(): GroupChanges {
  const groups = new Map<Anchor, Merged>();

  function merged(id: Anchor): Merged {
    const found = groups.get(id);
    if (found !== undefined) return found;
    const created = { gone: false, changed: false, users: traffic(), groups: traffic() };
    groups.set(id, created);
    return created;
  }

  return {
    take(object) {
      const id = requireText(object, 'id', CALLS.groupChanges);
      const group = merged(id);
      if (isRemoved(object)) {
        groups.set(id, { gone: true, changed: true, users: traffic(), groups: traffic() });
        return;
      }
      group.changed ||= group.gone || hasOwnAttributes(object);
      group.gone = false;
      for (const member of membersOf(object)) takeMember(group, member);
    },
    all: () =>
      new Map(
        [...groups].map(([id, { gone, changed, users, groups: nested }]) => [
          id,
          {
            gone,
            changed,
            added: users.added,
            removed: users.removed,
            nestedAdded: nested.added,
            nestedRemoved: nested.removed,
          },
        ]),
      ),
  };
}

function traffic(): Traffic {
  return { added: new Set(), removed: new Set() };
}

/** `@removed` with reason `changed` (may be restored) or `deleted`: to a group both mean gone. */
function isRemoved(object: RawObject): boolean {
  return object['@removed'] !== undefined && object['@removed'] !== null;
}

/** Under `return=minimal` a group with properties besides its id changed itself, not only its members. */
function hasOwnAttributes(object: RawObject): boolean {
  return Object.keys(object).some((name) => name !== 'id' && !name.includes('@'));
}

function membersOf(object: RawObject): readonly RawObject[] {
  const members = object['members@delta'];
  if (members === undefined) return [];
  if (Array.isArray(members) && members.every(isObject)) return members;
  throw new IncompleteReadError(`The members of a group were no list of objects while ${CALLS.groupChanges.what}.`);
}

function takeMember(group: Merged, member: RawObject): void {
  const traffic = trafficOf(group, textOf(member, '@odata.type'));
  if (traffic === undefined) return;
  const id = requireText(member, 'id', CALLS.groupChanges);
  const [to, from] = isRemoved(member) ? [traffic.removed, traffic.added] : [traffic.added, traffic.removed];
  from.delete(id);
  to.add(id);
}

/** Devices, contacts and service principals are never provisioned; a member of unsaid type may be a user. */
function trafficOf(group: Merged, type: string | undefined): Traffic | undefined {
  if (type === '#microsoft.graph.group') return group.groups;
  return type === undefined || type === '#microsoft.graph.user' ? group.users : undefined;
}
