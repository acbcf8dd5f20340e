import { diffAccount, formerReferences, userNameProblem } from '../diff.ts';
import type { Anchor, AppRole, DirectoryUser } from '../directory.ts';
import type { Link } from '../link.ts';
import type { AccountIndex } from '../match.ts';
import { WAVE, type ChangeAccount, type Reason, type ReferenceChange, type ScopePath } from '../operation.ts';
import { attributesDiffer, describePaths } from '../reasons.ts';
import type { Scope } from '../scope.ts';
import type { Account, AttributeChange, DesiredAccount, ResourceId } from '../scim.ts';
import type { PlanDraft, PlanInput, Unmapped } from './plan-input.ts';

/** What planning one user needs beside the user. */
export interface AccountsContext {
  readonly input: PlanInput;
  readonly draft: PlanDraft;
  readonly scope: Scope;
  readonly index: AccountIndex;
  readonly targets: readonly string[];
  readonly links: ReadonlyMap<Anchor, Link>;
  readonly linkedTo: ReadonlyMap<ResourceId, Anchor>;
  readonly entitled: ReadonlySet<Anchor>;
  /** The account an anchor refers to, if it has a living one. */
  readonly resolve: (anchor: Anchor) => ResourceId | undefined;
  readonly roles: ReadonlyMap<string, AppRole>;
  /** Whether somebody has an account, or gets one in this very plan. */
  readonly getsAccount: (anchor: Anchor) => boolean;
  /** References that must wait for their user to get an account, by the user who refers. */
  readonly awaiting: Map<Anchor, readonly Anchor[]>;
  readonly failures: Unmapped[];
  readonly unverified: Anchor[];
}

export interface Subject {
  readonly user: DirectoryUser;
  readonly label: string;
  /** Spelt out only when an operation needs them. */
  readonly paths: () => readonly ScopePath[];
}

/** References that can be resolved now, and those whose user gets an account in this very cycle. Others wait for theirs to get one. */
export function splitReferences(context: AccountsContext, references: readonly ReferenceChange[]) {
  return {
    now: references.filter(({ to }) => context.resolve(to) !== undefined),
    later: references.filter(({ to }) => context.resolve(to) === undefined && context.getsAccount(to)),
  };
}

export function planLaterReferences(
  { draft }: AccountsContext,
  subject: Subject,
  later: readonly ReferenceChange[],
  account: Pick<ChangeAccount, 'resourceId' | 'former'> = {},
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
    ...account,
  };
  draft.operations.push(operation);
}

/** What an operation that makes or renews a link tells it to wait for. */
export function awaited({ awaiting }: AccountsContext, user: Anchor): { readonly awaiting?: readonly Anchor[] } {
  const users = awaiting.get(user);
  return users === undefined ? {} : { awaiting: users };
}

/** Plans what brings an existing account to what is desired: an update, a reactivation, only a link, or nothing. */
export function planChange(
  context: AccountsContext,
  subject: Subject,
  desired: DesiredAccount,
  account: Account,
  link?: Link,
  matchedBy?: string,
): void {
  const diff = diffAccount(desired, account, context.input.profile, context.resolve);
  const renames = diff.changes.some(({ path }) => path === 'userName');
  const unfit = renames ? userNameProblem(desired, context.input.profile) : undefined;
  if (unfit !== undefined) {
    context.failures.push({ anchor: subject.user.id, code: 'InvalidUserName', why: unfit });
    return;
  }
  const { now, later } = diff.references.length === 0 ? NO_REFERENCES : splitReferences(context, diff.references);
  planLaterReferences(context, subject, later, { resourceId: account.id, ...formerOf(context, account, [], later) });
  const change = { attributes: diff.changes, references: now, ...formerOf(context, account, diff.changes, now) };
  if (diff.changes.length + now.length > 0) planUpdate(context, subject, change, account, link, matchedBy);
  else if (link?.state !== 'active') planLink(context, subject, account, matchedBy);
}

/** What the references that are changed, and those that are cleared, lead to at present. */
function formerOf(
  { input: { mapping } }: AccountsContext,
  account: Account,
  changes: readonly AttributeChange[],
  references: readonly ReferenceChange[],
): Pick<ChangeAccount, 'former'> {
  const cleared = changes.filter(
    ({ path, after }) =>
      after === null && mapping.lines.some(({ target, isReference }) => isReference && target === path),
  );
  const former = formerReferences(account, [...cleared, ...references]);
  return former.length === 0 ? {} : { former };
}

const NO_REFERENCES = { now: [], later: [] };

function planLink(context: AccountsContext, subject: Subject, account: Account, matchedBy = 'link'): void {
  const { user, label } = subject;
  const paths = subject.paths();
  const how = describePaths(paths);
  const text = matchedBy === 'link' ? `entitled again ${how}` : `matched by ${matchedBy}; entitled ${how}`;
  context.draft.operations.push({
    resource: 'account',
    kind: 'link',
    key: `${WAVE.accounts}:account:link:${user.id}`,
    wave: WAVE.accounts,
    anchor: user.id,
    label,
    paths,
    ...awaited(context, user.id),
    resourceId: account.id,
    matchedBy,
    reason: { code: 'matched', text },
  });
}

function planUpdate(
  context: AccountsContext,
  subject: Subject,
  change: Pick<ChangeAccount, 'attributes' | 'references' | 'former'>,
  account: Account,
  link?: Link,
  matchedBy?: string,
): void {
  const { user, label } = subject;
  const paths = subject.paths();
  const reactivates =
    !account.active && change.attributes.some(({ path, after }) => path === 'active' && after === true);
  const kind = reactivates ? 'reactivate' : 'update';
  context.draft.operations.push({
    resource: 'account',
    kind,
    key: `${WAVE.accounts}:account:${kind}:${user.id}`,
    wave: WAVE.accounts,
    anchor: user.id,
    label,
    paths,
    ...awaited(context, user.id),
    resourceId: account.id,
    reason: reactivates
      ? reactivationReason(paths, link)
      : attributesDiffer([...change.attributes, ...change.references]),
    ...change,
    ...(matchedBy === undefined ? {} : { matchedBy }),
  });
}

function reactivationReason(paths: readonly ScopePath[], link?: Link): Reason {
  const how = `entitled ${describePaths(paths)}`;
  if (link === undefined) return { code: 'entitled-again', text: `an inactive account matches and the user is ${how}` };
  if (link.state === 'disabled') return { code: 'entitled-again', text: `the user is ${how} again` };
  return { code: 'entitled-again', text: `the account was deactivated at the provider, but the user is ${how}` };
}
