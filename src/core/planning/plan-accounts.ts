import { createAttributes, diffAccount } from '../diff.ts';
import type { Anchor, AppRole, DirectoryUser } from '../directory.ts';
import type { Link } from '../link.ts';
import { desiredAccount, matchingTargets } from '../mapping/compile-mapping.ts';
import { AccountIndex, matchAccount, type Match } from '../match.ts';
import { WAVE, type ChangeAccount, type Reason, type ReferenceChange, type ScopePath } from '../operation.ts';
import { attributesDiffer, describePaths, listed } from '../reasons.ts';
import { pathsOf, type Scope } from '../scope.ts';
import type { Account, DesiredAccount, ResourceId } from '../scim.ts';
import { notice, type PlanDraft, type PlanInput } from './plan-input.ts';

/** What planning one user needs beside the user. */
interface AccountsContext {
  readonly input: PlanInput;
  readonly draft: PlanDraft;
  readonly scope: Scope;
  readonly index: AccountIndex;
  readonly targets: readonly string[];
  readonly links: ReadonlyMap<Anchor, Link>;
  readonly linkedTo: ReadonlyMap<ResourceId, Anchor>;
  readonly entitled: ReadonlySet<Anchor>;
  readonly roles: ReadonlyMap<string, AppRole>;
  readonly failures: { readonly anchor: Anchor; readonly why: string }[];
  readonly unverified: Anchor[];
}

interface Subject {
  readonly user: DirectoryUser;
  readonly label: string;
  readonly paths: readonly ScopePath[];
}

/** A user's name for operators: the userPrincipalName, or the id of a user without one. */
export function userLabel(user: DirectoryUser): string {
  const name = user.attributes['userPrincipalName'];
  return typeof name === 'string' && name !== '' ? name : user.id;
}

function rolesOf(context: AccountsContext, paths: readonly ScopePath[]): readonly AppRole[] {
  const ids = new Set(paths.map((path) => path.roleId));
  return [...ids].sort().flatMap((id) => context.roles.get(id) ?? []);
}

/** Plans creates, updates, reactivations and links of the accounts of entitled users. */
export function planAccounts(
  input: PlanInput,
  draft: PlanDraft,
  scope: Scope,
  entitled: ReadonlySet<Anchor>,
  links: { readonly byAnchor: ReadonlyMap<Anchor, Link>; readonly linkedTo: ReadonlyMap<ResourceId, Anchor> },
): void {
  const targets = matchingTargets(input.mapping);
  const context: AccountsContext = {
    input,
    draft,
    scope,
    entitled,
    targets,
    index: new AccountIndex(input.inventory.accounts.resources, targets),
    links: links.byAnchor,
    linkedTo: links.linkedTo,
    roles: new Map(input.directory.application.roles.map((role) => [role.id, role])),
    failures: [],
    unverified: [],
  };
  for (const anchor of entitled) {
    const user = input.directory.users.get(anchor);
    if (user !== undefined)
      planAccount(context, { user, label: userLabel(user), paths: pathsOf(scope, input.directory, anchor) });
  }
  report(context);
}

function report({ draft, failures, unverified }: AccountsContext): void {
  const reasons = listed([...new Set(failures.map(({ why }) => why))].sort());
  notice(
    draft,
    'mapping-failed',
    `${failures.length} users could not be mapped: ${reasons}`,
    failures.map(({ anchor }) => anchor),
  );
  const text = `${unverified.length} linked accounts are missing from a listing that cannot be trusted; nothing is concluded from that`;
  notice(draft, 'account-unverified', text, unverified);
}

function planAccount(context: AccountsContext, subject: Subject): void {
  const { input, index, links } = context;
  const link = links.get(subject.user.id);
  const linked = link !== undefined && link.state !== 'deleted' ? link : undefined;
  const mapped = desiredAccount(
    input.mapping,
    { user: subject.user, roles: rolesOf(context, subject.paths) },
    linked === undefined ? 'create' : 'update',
  );
  if ('failure' in mapped) {
    context.failures.push({ anchor: subject.user.id, why: mapped.failure });
    return;
  }
  if (linked === undefined) {
    planUnlinked(context, subject, mapped.account);
    return;
  }
  const account = index.byId.get(linked.resourceId);
  if (account !== undefined) planChange(context, subject, mapped.account, account, linked);
  else if (input.vanished.has(linked.resourceId))
    planUnlinked(context, subject, remapped(context, subject) ?? mapped.account, linked);
  else context.unverified.push(subject.user.id);
}

/** Values that flow on create only are needed again when an account that vanished is created anew. */
function remapped(context: AccountsContext, { user, paths }: Subject): DesiredAccount | undefined {
  const mapped = desiredAccount(context.input.mapping, { user, roles: rolesOf(context, paths) }, 'create');
  return 'failure' in mapped ? undefined : mapped.account;
}

function planUnlinked(context: AccountsContext, subject: Subject, desired: DesiredAccount, vanished?: Link): void {
  const match = matchAccount(subject.user.id, desired, context.targets, context.index, context.linkedTo);
  if (match.found === 'one') planMatched(context, subject, match);
  else planCreate(context, subject, desired, match, vanished);
}

/** The mapping of an update, not of a create: defaults and create-only values never overwrite an existing account. */
function planMatched(context: AccountsContext, subject: Subject, match: Match & { found: 'one' }): void {
  const { input } = context;
  const mapped = desiredAccount(
    input.mapping,
    { user: subject.user, roles: rolesOf(context, subject.paths) },
    'update',
  );
  if ('failure' in mapped) context.failures.push({ anchor: subject.user.id, why: mapped.failure });
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
  const { user, label, paths } = subject;
  const { now, later } = splitReferences(
    context,
    [...desired.references].map(([path, to]) => ({ path, to })),
  );
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
    attributes,
    references: now,
  });
  planLaterReferences(context, subject, later);
  if (match.found === 'refused') draft.collisions.push({ text: refusedMatch(label, match), operations: [key] });
}

function refusedMatch(label: string, match: Match & { found: 'refused' }): string {
  return match.why === 'ambiguous'
    ? `${label}: ${match.accounts.length} accounts have the same ${match.by} (DuplicateTargetEntries): ${listed(match.accounts)}`
    : `${label}: the account with the same ${match.by} (${listed(match.accounts)}) is linked to another user`;
}

/** References that can be resolved now, and those whose user gets an account in this very cycle. Others wait for theirs to be in scope. */
function splitReferences(context: AccountsContext, references: readonly ReferenceChange[]) {
  const living = (to: Anchor) => {
    const link = context.links.get(to);
    return link !== undefined && link.state !== 'deleted' && !context.input.vanished.has(link.resourceId);
  };
  return {
    now: references.filter(({ to }) => living(to)),
    later: references.filter(({ to }) => !living(to) && context.entitled.has(to)),
  };
}

function planLaterReferences(
  { draft }: AccountsContext,
  subject: Subject,
  later: readonly ReferenceChange[],
  resourceId?: ResourceId,
): void {
  if (later.length === 0) return;
  const operation: ChangeAccount = {
    resource: 'account',
    kind: 'update',
    key: `${WAVE.members}:account:update:${subject.user.id}`,
    wave: WAVE.members,
    anchor: subject.user.id,
    label: subject.label,
    reason: { code: 'reference-resolved', text: 'refers to a user whose account is created in this cycle' },
    attributes: [],
    references: later,
    ...(resourceId === undefined ? {} : { resourceId }),
  };
  draft.operations.push(operation);
}

function planChange(
  context: AccountsContext,
  subject: Subject,
  desired: DesiredAccount,
  account: Account,
  link?: Link,
  matchedBy?: string,
): void {
  const { draft, input, links } = context;
  const { user, label, paths } = subject;
  const resolve = (anchor: Anchor) => {
    const target = links.get(anchor);
    return target === undefined || target.state === 'deleted' ? undefined : target.resourceId;
  };
  const { changes, references } = diffAccount(desired, account, input.profile, resolve);
  const { later } = splitReferences(context, references);
  planLaterReferences(context, subject, later, account.id);
  const reactivates = !account.active && desired.attributes.get('active') === true;
  const base = {
    resource: 'account' as const,
    wave: WAVE.accounts,
    anchor: user.id,
    label,
    paths,
    resourceId: account.id,
  };
  if (changes.length === 0) {
    if (link?.state === 'active') return;
    const by = matchedBy ?? 'link';
    const text =
      matchedBy === undefined
        ? `entitled again ${describePaths(paths)}`
        : `matched by ${by}; entitled ${describePaths(paths)}`;
    draft.operations.push({
      ...base,
      kind: 'link',
      key: `1:account:link:${user.id}`,
      matchedBy: by,
      reason: { code: 'matched', text },
    });
    return;
  }
  const kind = reactivates ? 'reactivate' : 'update';
  const reason = reactivates ? reactivationReason(paths, link) : attributesDiffer(changes);
  const matched = matchedBy === undefined ? {} : { matchedBy };
  draft.operations.push({
    ...base,
    kind,
    key: `1:account:${kind}:${user.id}`,
    reason,
    attributes: changes,
    references: [],
    ...matched,
  });
}

function reactivationReason(paths: readonly ScopePath[], link?: Link): Reason {
  const how = `entitled ${describePaths(paths)}`;
  if (link === undefined) return { code: 'entitled-again', text: `an inactive account matches and the user is ${how}` };
  if (link.state === 'disabled') return { code: 'entitled-again', text: `the user is ${how} again` };
  return { code: 'entitled-again', text: `the account was deactivated at the provider, but the user is ${how}` };
}
