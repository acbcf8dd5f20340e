import type { Anchor, DirectoryUser } from '../directory.ts';
import type { Link } from '../link.ts';
import { leftOut } from '../reasons.ts';
import { groupName, type Scope } from '../scope.ts';
import type { Skip } from '../skip.ts';
import type { PlanInput, Unmapped } from './plan-input.ts';
import { userLabel } from './plan-accounts.ts';

type Why = Pick<Skip, 'code' | 'text'>;

/**
 * Whom this plan passes over: assigned users who get no account or whose account is not kept up to date, and assigned
 * groups the provider cannot have, of those the plan looks at. Who leaves is no skip, and neither is what a guard holds:
 * those are operations.
 */
export function findSkipped(
  input: PlanInput,
  scope: Scope,
  links: ReadonlyMap<Anchor, Link>,
  unmapped: readonly Unmapped[],
): readonly Skip[] {
  const { directory, focus } = input;
  const skipped: Skip[] = [];
  const add = (user: DirectoryUser, why: Why) =>
    skipped.push({ resource: 'account', anchor: user.id, name: userLabel(user), ...why });
  for (const anchor of scope.reach.keys()) {
    const user = directory.users.get(anchor);
    if (user === undefined || focus?.users.has(anchor) === false || hasAccount(links.get(anchor))) continue;
    const why = notEntitled(user, scope);
    if (why !== undefined) add(user, why);
  }
  for (const { anchor, code, why } of unmapped) {
    const user = directory.users.get(anchor);
    if (user === undefined || focus?.users.has(anchor) === false) continue;
    const what = hasAccount(links.get(anchor)) ? 'the account is not kept up to date' : 'no account can be made';
    add(user, { code, text: `${what}: ${why}` });
  }
  return [...skipped, ...skippedGroups(input, scope)].sort(inOrder);
}

function hasAccount(link: Link | undefined): boolean {
  return link !== undefined && link.state !== 'deleted';
}

/** Why an assigned user without an account gets none; undefined for one who is entitled to it. */
function notEntitled(user: DirectoryUser, scope: Scope): Why | undefined {
  if (!user.enabled) {
    return {
      code: 'NotEffectivelyEntitled',
      text: 'sign-in is blocked in the directory; no account is made until it is allowed',
    };
  }
  const passes = scope.filters.admits(user);
  if (passes === true) return undefined;
  if (passes === false) return { code: 'EntrySynchronizationSkipped', text: leftOut(user, scope) };
  return {
    code: 'ImportSkipped',
    text: 'could not be judged by the scoping filters: an attribute they ask for was not read',
  };
}

function skippedGroups({ rules, profile, directory, focus }: PlanInput, scope: Scope): readonly Skip[] {
  if (!rules.scope.groups || profile.groups.supported) return [];
  const text = 'the provider has no groups; the members are provisioned, the group is not';
  return scope.groups
    .filter((anchor) => directory.groups.has(anchor) && focus?.groups.has(anchor) !== false)
    .map((anchor) => ({
      resource: 'group',
      anchor,
      name: groupName(directory, anchor),
      code: 'GroupsNotSupported',
      text,
    }));
}

function inOrder(one: Skip, other: Skip): number {
  if (one.resource !== other.resource) return one.resource < other.resource ? -1 : 1;
  return one.anchor < other.anchor ? -1 : 1;
}
