import type { ConnectionRules } from '../connection.ts';
import type { WaitingRemoval } from '../departure.ts';
import type { Anchor, DirectoryUser } from '../directory.ts';
import { concernsOurs } from '../drift.ts';
import type { Link, LinkMemory } from '../link.ts';
import { AccountIndex, indexLinks } from '../match.ts';
import type { Operation } from '../operation.ts';
import { digestOf, sealPlan, sortOperations, type Plan, type PlanCounts } from '../plan.ts';
import type { ProviderProfile } from '../profile.ts';
import { counted, foldedNames, foldName, listed } from '../reasons.ts';
import { groupName, isEntitled, pathsOf, pathsUnchanged, rememberedPaths, scopeOf, type Scope } from '../scope.ts';
import type { Skip } from '../skip.ts';
import type { Drift } from './drift-facts.ts';
import { findDrift } from './find-drift.ts';
import { findSkipped } from './find-skipped.ts';
import { groupsGivenAway, planGivenAway } from './given-away.ts';
import { leaveDrift } from './leave-drift.ts';
import { planAccounts, userLabel } from './plan-accounts.ts';
import { planGroupDeletes } from './plan-group-deletes.ts';
import { groupsInScope, noticeUnsupportedGroups, planGroups } from './plan-groups.ts';
import {
  notice,
  type Collision,
  type LinkedTotals,
  type PlanDraft,
  type PlanInput,
  type Unmapped,
} from './plan-input.ts';
import { planMembers } from './plan-members.ts';
import { planRemovals } from './plan-removals.ts';
import { planCollisions } from './collisions.ts';

/** A plan together with what the guards need to judge it and what closing the cycle should remember. */
export interface Planned {
  readonly plan: Plan;
  readonly collisions: readonly Collision[];
  readonly unmapped: readonly Unmapped[];
  /** Who is assigned and passed over. Not part of the plan: it changes nothing. */
  readonly skipped: readonly Skip[];
  /** What links are to remember of their users, for those that remember something else. */
  readonly memories: readonly LinkMemory[];
  /** Removals that are not due yet, the next one first. Not part of the plan: they change nothing, and their time passes. */
  readonly waiting: readonly WaitingRemoval[];
  /** What was changed by hand at the provider, where that was asked for. */
  readonly drift?: Drift;
}

function entitledUsers(input: PlanInput, scope: Scope): ReadonlySet<Anchor> {
  const entitled = new Set<Anchor>();
  for (const user of scope.reach.keys()) if (isEntitled(scope, input.directory.users.get(user))) entitled.add(user);
  return entitled;
}

/** Users whose accounts must not be taken away: the entitled ones, and everybody an incremental cycle does not look at. */
function stayingUsers({ focus, links }: PlanInput, entitled: ReadonlySet<Anchor>): ReadonlySet<Anchor> {
  if (focus === undefined) return entitled;
  const others = links.filter(({ resource, anchor }) => resource === 'account' && !focus.users.has(anchor));
  return new Set([...entitled, ...others.map(({ anchor }) => anchor)]);
}

/** Works out what the provider should hold and the operations that lead there. Pure: same input, same bytes, same digest. */
export function planCycle(input: PlanInput): Planned {
  const scope = scopeOf(input.directory, input.rules);
  const entitled = entitledUsers(input, scope);
  const accounts = indexLinks(input.links, 'account');
  const groups = indexLinks(input.links, 'group');
  const index = new AccountIndex(input.inventory.accounts.resources);
  const draft: PlanDraft = { operations: [], notices: [], collisions: [], waiting: [], departures: [] };
  const { awaiting, without, unmapped } = planAccounts(input, draft, scope, entitled, accounts, index);
  planRemovals(input, draft, scope, entitled, accounts.byAnchor, index);
  planGroups(input, draft, scope, groups);
  planMembers(input, draft, scope, { entitled, without }, groups, accounts);
  planGroupDeletes(input, draft, scope, groups.byAnchor, accounts);
  const inScope = new Set(groupsInScope(input, scope));
  const claims = [
    { ...accounts, staying: stayingUsers(input, entitled) },
    { ...groups, staying: inScope },
  ] as const;
  planCollisions(draft, input.mapping, ...claims);
  const strangers = groupsGivenAway(input);
  planGivenAway(input, draft, strangers);
  noticeScope(input, draft, scope, accounts.byAnchor);
  noticeDoubts(input, draft);
  const { causes } = input;
  const drift =
    causes === undefined
      ? undefined
      : findDrift({ input, causes, operations: draft.operations, entitled, accounts, groups, strangers });
  const operations = sortOperations(remaining(input, draft, drift));
  const plan = sealPlan({
    connection: input.rules.name,
    kind: input.kind,
    rulesDigest: rulesDigest(input.rules, input.profile),
    operations,
    notices: draft.notices,
    counts: countPlan(input, operations, { users: entitled.size, groups: inScope.size, unmapped: unmapped.length }),
  });
  return {
    plan,
    collisions: draft.collisions,
    unmapped,
    skipped: findSkipped(input, scope, accounts.byAnchor, unmapped),
    memories: [
      ...changedMemories(input, scope, entitled, accounts.byAnchor, awaiting),
      ...returnedGroups(inScope, groups.byAnchor),
      ...draft.departures.map(({ link, departure }) => ({ ...memoryOf(link), departure })),
    ],
    waiting: draft.waiting.sort((a, b) => a.dueAt - b.dueAt || (a.anchor < b.anchor ? -1 : 1)),
    ...(drift === undefined ? {} : { drift }),
  };
}

/** Under the policy `report` a full cycle leaves alone what only undoes a change made by hand, and says so. */
function remaining(input: PlanInput, draft: PlanDraft, drift: Drift | undefined): Operation[] {
  const ours = drift?.findings.filter(({ kind }) => concernsOurs(kind)) ?? [];
  if (drift === undefined || ours.length === 0) return draft.operations;
  const leaves = input.kind === 'initial' && input.rules.drift === 'report';
  const many = ours.length === 1 ? '1 difference was' : `${ours.length} differences were`;
  const left = leaves ? ` and ${ours.length === 1 ? 'is left as it is' : 'are left as they are'}` : '';
  const text = `${many} made by hand at the provider${left}; see: headgate drift show -c ${input.rules.name}`;
  draft.notices.push({ code: 'drift', text, anchors: [] });
  return leaves ? leaveDrift(draft.operations, drift) : draft.operations;
}

/** A migration's journal tells what its cycle could not rely on. */
function noticeDoubts({ ending, inventory: { accounts, groups } }: PlanInput, draft: PlanDraft): void {
  if (ending === undefined) return;
  const told = [
    ...accounts.doubts.map((doubt) => `the list of accounts cannot be trusted: ${doubt}`),
    ...groups.doubts.map((doubt) => `the list of groups cannot be trusted: ${doubt}`),
  ];
  for (const text of told) draft.notices.push({ code: 'list-doubted', text, anchors: [] });
}

function noticeScope(input: PlanInput, draft: PlanDraft, scope: Scope, links: ReadonlyMap<Anchor, Link>): void {
  noticeUnsupportedGroups(input, draft, scope);
  noticeUnknownProtected(input, draft, links);
  const newcomers = [...scope.reach.keys()].flatMap((anchor) =>
    links.has(anchor) ? [] : (input.directory.users.get(anchor) ?? []),
  );
  const disabled = newcomers.filter(({ enabled }) => !enabled).map(({ id }) => id);
  notice(
    draft,
    'users-left-out',
    `${disabled.length} assigned users may not sign in and have no account; they are not provisioned`,
    disabled,
  );
  noticeFiltered(draft, scope, newcomers);
  noticeNested(input, draft, scope);
}

/** Groups within assigned groups: an operator must know of them, whether or not their members count. */
function noticeNested(input: PlanInput, draft: PlanDraft, scope: Scope): void {
  const outer = [...scope.nested.keys()];
  const names = outer
    .map((group) => groupName(input.directory, group))
    .sort()
    .slice(0, 5)
    .join(', ');
  const { nestedGroups } = input.rules.scope;
  const are = nestedGroups === 'expand' ? 'are in scope, too' : 'are not in scope';
  const text = `${counted(outer.length, 'assigned group contains', 'assigned groups contain')} groups, whose members ${are} (scope.nestedGroups: ${nestedGroups}): ${names}`;
  notice(draft, 'nested-groups', text, outer);
}

/** Whom the scoping filters keep without an account, and whom they cannot judge. */
function noticeFiltered(draft: PlanDraft, { filters }: Scope, newcomers: readonly DirectoryUser[]): void {
  const judged = newcomers.filter(({ enabled }) => enabled).map((user) => ({ id: user.id, in: filters.admits(user) }));
  const out = judged.filter((user) => user.in === false).map(({ id }) => id);
  const unknown = judged.filter((user) => user.in === undefined).map(({ id }) => id);
  const are = 'without an account could not be judged by the scoping filters, and';
  const text = counted(unknown.length, `assigned user ${are} gets none`, `assigned users ${are} get none`);
  const left = counted(out.length, 'assigned user is', 'assigned users are');
  notice(draft, 'users-left-out', `${left} without an account and let in by no scoping filter`, out);
  notice(draft, 'users-left-out', text, unknown);
}

/** A protected user who was renamed is protected no longer under the old name: that must not go unsaid. */
function noticeUnknownProtected(input: PlanInput, draft: PlanDraft, links: ReadonlyMap<Anchor, Link>): void {
  const { protectedAccounts } = input.rules.guards;
  if (protectedAccounts.length === 0 || input.focus !== undefined) return;
  const unknown = new Map(protectedAccounts.map((name) => [foldName(name), name]));
  for (const { anchor, label } of links.values())
    for (const name of foldedNames(anchor, label, undefined)) unknown.delete(name);
  for (const user of input.directory.users.values())
    for (const name of foldedNames(user.id, userLabel(user), user)) unknown.delete(name);
  const names = [...unknown.values()].sort();
  const text = `guards.protectedAccounts names nobody who has or gets an account: ${listed(names)}. Whoever was renamed is not protected any more; object ids never change`;
  notice(draft, 'protected-unknown', text, names);
}

function countPlan(
  input: PlanInput,
  operations: readonly Operation[],
  { users, groups, unmapped }: { readonly users: number; readonly groups: number; readonly unmapped: number },
): PlanCounts {
  const byKind: Record<string, number> = {};
  let membersAdded = 0;
  let membersRemoved = 0;
  for (const operation of operations) {
    const name = `${operation.resource}.${operation.kind}`;
    byKind[name] = (byKind[name] ?? 0) + 1;
    if (operation.kind !== 'members') continue;
    membersAdded += operation.add.length;
    membersRemoved += operation.remove.length;
  }
  const linked = input.focus?.linked ?? linkedTotals(input.links);
  return {
    entitledUsers: users,
    entitledGroups: groups,
    ...(unmapped === 0 ? {} : { unmappedUsers: unmapped }),
    linkedAccounts: linked.accounts,
    linkedGroups: linked.groups,
    linkedMembers: linked.members,
    operations: byKind,
    membersAdded,
    membersRemoved,
  };
}

/** Names the rules and the profile a plan is made with: with others everything has to be looked at again. */
export function rulesDigest(rules: ConnectionRules, profile: ProviderProfile): string {
  return digestOf([rules, profile]);
}

/** Counts what is linked and living. */
export function linkedTotals(links: readonly Link[]): LinkedTotals {
  const living = links.filter(({ state }) => state === 'active');
  const accounts = living.filter(({ resource }) => resource === 'account').length;
  const members = living.reduce((sum, link) => sum + (link.members?.length ?? 0), 0);
  return { accounts, groups: living.length - accounts, members };
}

function changedMemories(
  input: PlanInput,
  scope: Scope,
  entitled: ReadonlySet<Anchor>,
  links: ReadonlyMap<Anchor, Link>,
  awaiting: ReadonlyMap<Anchor, readonly Anchor[]>,
): readonly LinkMemory[] {
  const changed: LinkMemory[] = [];
  for (const link of links.values()) {
    if (!entitled.has(link.anchor)) continue;
    const returned = link.departure !== undefined;
    if (link.state !== 'active') {
      if (returned) changed.push({ ...memoryOf(link), departure: null });
      continue;
    }
    const users = awaiting.get(link.anchor) ?? [];
    const sameUsers = users.join() === (link.awaiting ?? []).join();
    if (!returned && sameUsers && pathsUnchanged(scope, input.directory, link.anchor, link.paths ?? [])) continue;
    const paths = rememberedPaths(pathsOf(scope, input.directory, link.anchor));
    changed.push({ ...memoryOf(link), paths, awaiting: users, departure: null });
  }
  return changed;
}

/** Groups that were about to be removed and are in scope again. */
function returnedGroups(inScope: ReadonlySet<Anchor>, links: ReadonlyMap<Anchor, Link>): readonly LinkMemory[] {
  return [...links.values()]
    .filter(({ anchor, departure }) => departure !== undefined && inScope.has(anchor))
    .map((link) => ({ ...memoryOf(link), departure: null }));
}

function memoryOf({ resource, anchor, paths = [], awaiting = [], departure }: Link): LinkMemory {
  return { resource, anchor, paths, awaiting, departure: departure ?? null };
}
