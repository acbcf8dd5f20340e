import type { RemovalKind } from '../connection.ts';
import type { Link } from '../link.ts';
import type { Anchor } from '../directory.ts';
import type { Operation } from '../operation.ts';
import type { PastRemoval } from './facts.ts';
import { counted } from '../reasons.ts';

/** What a removal takes, named so that the same loss planned again is not counted twice: name to how many. */
export type Losses = ReadonlyMap<string, number>;

/** How an operator reads so many removals of each kind. */
const REMOVAL_WORDS: Readonly<Record<RemovalKind, readonly [one: string, many: string]>> = {
  accountsDisabled: ['account to disable', 'accounts to disable'],
  accountsDeleted: ['account to delete', 'accounts to delete'],
  groupsDeleted: ['group to delete', 'groups to delete'],
  membersRemoved: ['member to remove', 'members to remove'],
};

/** "1 account to disable", "12 accounts to disable". */
export function removalWords(kind: RemovalKind, count: number): string {
  return counted(count, ...REMOVAL_WORDS[kind]);
}

/** The part of an operation, planned or past, that says what it takes. */
export interface Removal {
  readonly resource: Operation['resource'];
  readonly kind: Operation['kind'];
  readonly effect?: PastRemoval['effect'];
  readonly anchor: Anchor;
  readonly members: readonly Anchor[];
  readonly taken: number;
}

/** A planned operation as a removal; undefined when it takes nothing away. */
export function removalOf(operation: Operation): Removal | undefined {
  const { resource, kind, anchor } = operation;
  switch (operation.kind) {
    case 'disable':
      return { resource, kind, anchor, effect: operation.effect, members: [], taken: 0 };
    case 'delete': {
      if (operation.resource === 'account')
        return { resource, kind, anchor, effect: operation.effect, members: [], taken: 0 };
      return { resource, kind, anchor, members: [], taken: operation.members ?? 0 };
    }
    case 'members': {
      const members = operation.remove.map((member) => member.anchor);
      return members.length === 0 ? undefined : { resource, kind, anchor, members, taken: 0 };
    }
    case 'create':
    case 'update':
    case 'reactivate':
    case 'link':
      return undefined;
    default:
      return operation satisfies never;
  }
}

/** What a removal takes of one kind. Effects are counted, not verbs: deleting a group takes its membership from everybody in it. */
export function lossesOf(kind: RemovalKind, removal: Removal): Losses {
  const { resource, anchor, effect } = removal;
  switch (kind) {
    case 'accountsDisabled':
      return resource === 'account' && effect === 'suspend' ? new Map([[anchor, 1]]) : NOTHING;
    case 'accountsDeleted':
      return resource === 'account' && effect !== 'suspend' ? new Map([[anchor, 1]]) : NOTHING;
    case 'groupsDeleted':
      return resource === 'group' && removal.kind === 'delete' ? new Map([[anchor, 1]]) : NOTHING;
    case 'membersRemoved': {
      if (resource !== 'group') return NOTHING;
      if (removal.kind === 'delete') return removal.taken === 0 ? NOTHING : new Map([[anchor, removal.taken]]);
      return new Map(removal.members.map((member) => [`${anchor} ${member}`, 1]));
    }
    default:
      return kind satisfies never;
  }
}

const NOTHING: Losses = new Map();

/** All losses of one kind together, each once. */
export function totalLosses(kind: RemovalKind, removals: readonly Removal[]): Losses {
  const all = new Map<string, number>();
  for (const removal of removals)
    for (const [what, weight] of lossesOf(kind, removal)) all.set(what, Math.max(weight, all.get(what) ?? 0));
  return all;
}

/** How much of what was lost before is not lost again by what is planned now. */
export function lossesBefore(past: Losses, planned: Losses): number {
  let sum = 0;
  for (const [what, weight] of past) if (!planned.has(what)) sum += weight;
  return sum;
}

/** The sum of losses. */
export function weigh(losses: Losses): number {
  let sum = 0;
  for (const weight of losses.values()) sum += weight;
  return sum;
}

/** Past member removals without those who are in the group again. */
export function stillOut(past: readonly PastRemoval[], links: readonly Link[]): readonly PastRemoval[] {
  if (!past.some(({ kind }) => kind === 'members')) return past;
  const present = new Map(
    links.filter(({ resource }) => resource === 'group').map(({ anchor, members }) => [anchor, new Set(members)]),
  );
  return past.map((removal) => {
    const inside = present.get(removal.anchor);
    if (removal.kind !== 'members' || inside === undefined) return removal;
    return { ...removal, members: removal.members.filter((member) => !inside.has(member)) };
  });
}
