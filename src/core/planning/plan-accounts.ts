import { createAttributes, createReferences, unsupportedTargets } from '../diff.ts';
import type { Anchor, DirectoryUser } from '../directory.ts';
import type { Link } from '../link.ts';
import { matchingTargets } from '../mapping/compile-mapping.ts';
import { type AccountIndex, matchAccount, type Match } from '../match.ts';
import { WAVE, type Reason } from '../operation.ts';
import { counted, describePaths, listed } from '../reasons.ts';
import { pathsOf, type Scope } from '../scope.ts';
import type { DesiredAccount, ResourceId } from '../scim.ts';
import { createProblem, mapUser, whoGetsAccounts } from './map-user.ts';
import {
  awaited,
  planChange,
  planLaterReferences,
  splitReferences,
  type AccountsContext,
  type Subject,
} from './plan-account-change.ts';
import { notice, type PlanDraft, type PlanInput, type Unmapped } from './plan-input.ts';

/** A user's name for operators: the userPrincipalName, or the id of a user without one. */
export function userLabel(user: DirectoryUser): string {
  const name = user.attributes['userPrincipalName'];
  return typeof name === 'string' && name !== '' ? name : user.id;
}

/**
 * Plans creates, updates, reactivations and links of the accounts of entitled users. Returns whom each of them refers to
 * in vain, for the next cycles to remember, who gets no account because they cannot be mapped, and why each could not be.
 */
export function planAccounts(
  input: PlanInput,
  draft: PlanDraft,
  scope: Scope,
  entitled: ReadonlySet<Anchor>,
  links: { readonly byAnchor: ReadonlyMap<Anchor, Link>; readonly linkedTo: ReadonlyMap<ResourceId, Anchor> },
  index: AccountIndex,
): {
  readonly awaiting: ReadonlyMap<Anchor, readonly Anchor[]>;
  readonly without: ReadonlySet<Anchor>;
  readonly unmapped: readonly Unmapped[];
} {
  const targets = matchingTargets(input.mapping);
  const known = {
    input,
    draft,
    scope,
    entitled,
    targets,
    index,
    links: links.byAnchor,
    linkedTo: links.linkedTo,
    resolve: (anchor: Anchor) => {
      const link = links.byAnchor.get(anchor);
      const lost = link === undefined || link.state === 'deleted' || input.vanished.account.has(link.resourceId);
      return lost || input.givenAway?.has(anchor) === true ? undefined : link.resourceId;
    },
    roles: new Map(input.directory.application.roles.map((role) => [role.id, role])),
  };
  const context: AccountsContext = {
    ...known,
    getsAccount: whoGetsAccounts(known),
    awaiting: new Map(),
    failures: [],
    unverified: [],
  };
  for (const anchor of entitled) {
    const user = input.directory.users.get(anchor);
    if (user !== undefined)
      planAccount(context, { user, label: userLabel(user), paths: () => pathsOf(scope, input.directory, anchor) });
  }
  report(context);
  const { awaiting, failures, resolve } = context;
  const without = failures.flatMap(({ anchor }) => (resolve(anchor) === undefined ? [anchor] : []));
  return { awaiting, without: new Set(without), unmapped: failures };
}

function report({ draft, input, failures, unverified }: AccountsContext): void {
  const unsupported = unsupportedTargets(
    input.rules.mapping.map(({ target }) => target),
    input.profile,
  );
  if (unsupported.length > 0) {
    const text = `left out because the provider does not know them: ${listed(unsupported, 20)}`;
    draft.notices.push({ code: 'unsupported-attributes', text, anchors: [] });
  }
  const reasons = listed([...new Set(failures.map(({ why }) => why))].sort());
  notice(
    draft,
    'mapping-failed',
    `${counted(failures.length, 'user')} could not be mapped: ${reasons}`,
    failures.map(({ anchor }) => anchor),
  );
  const text = `${counted(unverified.length, 'linked account is', 'linked accounts are')} missing from a listing that cannot be trusted; nothing is concluded from that`;
  notice(draft, 'account-unverified', text, unverified);
}

function planAccount(context: AccountsContext, subject: Subject): void {
  const { input, index, links } = context;
  const link = links.get(subject.user.id);
  const linked = link !== undefined && link.state !== 'deleted' ? link : undefined;
  const mapped = mapUser(context, subject.user, linked === undefined ? 'create' : 'update');
  if ('failure' in mapped) {
    context.failures.push({ anchor: subject.user.id, code: 'MissingValues', why: mapped.failure });
    return;
  }
  rememberAwaited(context, subject.user.id, mapped.account);
  if (linked === undefined) {
    planUnlinked(context, subject, mapped.account);
    return;
  }
  const account = index.byId.get(linked.resourceId);
  if (account !== undefined) planChange(context, subject, mapped.account, account, linked);
  else if (input.vanished.account.has(linked.resourceId))
    planUnlinked(context, subject, remapped(context, subject) ?? mapped.account, linked);
  else context.unverified.push(subject.user.id);
}

function rememberAwaited(context: AccountsContext, user: Anchor, { references }: DesiredAccount): void {
  if (references.size === 0) return;
  const users = [...references.values()].filter((to) => !context.getsAccount(to));
  if (users.length > 0) context.awaiting.set(user, [...new Set(users)].sort());
}

/** Values that flow on create only are needed again when an account that vanished is created anew. */
function remapped(context: AccountsContext, { user }: Subject): DesiredAccount | undefined {
  const mapped = mapUser(context, user, 'create');
  return 'failure' in mapped ? undefined : mapped.account;
}

function planUnlinked(context: AccountsContext, subject: Subject, desired: DesiredAccount, vanished?: Link): void {
  const match = matchAccount(subject.user.id, desired, context.targets, context.index, context.linkedTo);
  if (match.found === 'one') planMatched(context, subject, match);
  else planCreate(context, subject, desired, match, vanished);
}

/** The mapping of an update, not of a create: defaults and create-only values never overwrite an existing account. */
function planMatched(context: AccountsContext, subject: Subject, match: Match & { found: 'one' }): void {
  const mapped = mapUser(context, subject.user, 'update');
  if ('failure' in mapped)
    context.failures.push({ anchor: subject.user.id, code: 'MissingValues', why: mapped.failure });
  else planChange(context, subject, mapped.account, match.account, undefined, match.by);
}

function planCreate(
  context: AccountsContext,
  subject: Subject,
  desired: DesiredAccount,
  match: Match,
  vanished?: Link,
): void {
  const { draft, input } = context;
  const { user, label } = subject;
  const paths = subject.paths();
  const problem = createProblem(desired, input.profile);
  if (problem !== undefined) {
    context.failures.push({ anchor: user.id, ...problem });
    return;
  }
  const { now, later } = splitReferences(context, createReferences(desired, input.profile));
  const how = describePaths(paths);
  const reason: Reason =
    vanished === undefined
      ? { code: 'entitled', text: `entitled ${how}` }
      : { code: 'account-vanished', text: `the linked account is gone at the provider; still entitled ${how}` };
  const key = `${WAVE.accounts}:account:create:${user.id}`;
  const attributes = createAttributes(desired, input.profile);
  draft.operations.push({
    resource: 'account',
    kind: 'create',
    key,
    wave: WAVE.accounts,
    anchor: user.id,
    label,
    reason,
    paths,
    ...awaited(context, user.id),
    attributes,
    references: now,
  });
  planLaterReferences(context, subject, later);
  if (match.found === 'refused')
    draft.collisions.push({ text: refusedMatch(label, match), operations: [key], accounts: match.accounts });
}

function refusedMatch(label: string, match: Match & { found: 'refused' }): string {
  return match.why === 'ambiguous'
    ? `${label}: ${match.accounts.length} accounts have the same ${match.by} (DuplicateTargetEntries): ${listed(match.accounts)}`
    : `${label}: the account with the same ${match.by} (${listed(match.accounts)}) is linked to another user`;
}
