import type { DriftKind } from '../drift.ts';
import type { Link } from '../link.ts';
import { withoutSecret } from '../without-secrets.ts';
import type { ChangeMembers, Operation } from '../operation.ts';
import { attributeName, listed } from '../reasons.ts';
import type { Account, AttributeChange } from '../scim.ts';
import { concerns, whatFollows, type Drift, type DriftDraft, type DriftFacts } from './drift-facts.ts';
import { findMemberDrift } from './find-member-drift.ts';
import { findUnknown } from './find-unknown.ts';

/**
 * Compares what the provider holds with what Headgate last made of it. A difference is drift when Headgate's own memory
 * says so (a link that is active, a membership it made), or when the directory has nothing new about whom it concerns.
 */
export function findDrift(facts: DriftFacts): Drift {
  const draft: DriftDraft = { findings: [], undoes: new Set(), undoneMembers: new Map() };
  const byResource = groupByResource(facts.operations);
  const held = new Map(facts.input.inventory.accounts.resources.map((account) => [account.id, account]));
  for (const link of facts.accounts.byAnchor.values())
    accountDrift(facts, draft, link, byResource.get(`account ${link.anchor}`) ?? [], held.get(link.resourceId));
  for (const link of facts.groups.byAnchor.values())
    groupDrift(facts, draft, link, byResource.get(`group ${link.anchor}`) ?? []);
  const members = facts.operations.filter((operation): operation is ChangeMembers => operation.kind === 'members');
  findMemberDrift(facts, draft, members);
  findUnknown(facts, draft);
  return draft;
}

/** Operations on accounts and groups themselves; a membership changes neither. */
function groupByResource(operations: readonly Operation[]): ReadonlyMap<string, readonly Operation[]> {
  const groups = new Map<string, Operation[]>();
  for (const operation of operations) {
    if (operation.kind === 'members') continue;
    const key = `${operation.resource} ${operation.anchor}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [operation]);
    else known.push(operation);
  }
  return groups;
}

interface Found {
  readonly kind: DriftKind;
  readonly text: string;
  readonly next: string;
  readonly certain?: boolean;
  readonly changes?: readonly AttributeChange[];
}

function add(draft: DriftDraft, link: Link, { certain = true, ...found }: Found): void {
  draft.findings.push({ name: link.label, anchor: link.anchor, resourceId: link.resourceId, certain, ...found });
}

/** Operations that only undo a finding, unless the directory wants something of the same user or group as well. */
function undo({ causes }: DriftFacts, draft: DriftDraft, link: Link, operations: readonly Operation[]): void {
  if (concerns(causes, link.resource, link.anchor) === true) return;
  for (const { key } of operations) draft.undoes.add(key);
}

function accountDrift(
  facts: DriftFacts,
  draft: DriftDraft,
  link: Link,
  operations: readonly Operation[],
  account: Account | undefined,
): void {
  if (link.state === 'deleted') return;
  if (facts.input.vanished.account.has(link.resourceId)) deletedAccount(facts, draft, link, operations);
  else if (account === undefined) return;
  else if (facts.input.givenAway?.has(link.anchor) === true) givenAway(facts, draft, link, 'account-changed');
  else if (link.state === 'disabled') reactivatedAccount(facts, draft, link, operations, account);
  else if (!facts.entitled.has(link.anchor)) return;
  else if (!account.active) deactivatedAccount(facts, draft, link, operations);
  else changedAccount(facts, draft, link, operations);
}

/** One that Headgate itself had deactivated is nobody's loss, and gone for good. */
function deletedAccount(facts: DriftFacts, draft: DriftDraft, link: Link, operations: readonly Operation[]): void {
  if (link.state === 'disabled') return;
  const text = `the account of ${link.label} was deleted in the application by hand`;
  const again = operations.some(({ kind }) => kind === 'create') ? 'create it again' : 'link the account that matches';
  const next =
    operations.length === 0
      ? 'nothing follows: the user is not entitled, or cannot be given an account'
      : whatFollows(facts, true, again);
  add(draft, link, { kind: 'account-deleted', text, next });
  undo(facts, draft, link, operations);
}

function deactivatedAccount(facts: DriftFacts, draft: DriftDraft, link: Link, operations: readonly Operation[]): void {
  const text = `somebody deactivated ${link.label} in the application by hand: the user is entitled, but has no access`;
  const next =
    operations.length === 0
      ? 'nothing follows: the mapping does not set "active"'
      : whatFollows(facts, true, 'reactivate it');
  add(draft, link, { kind: 'account-deactivated', text, next, ...attributesOf(operations) });
  undo(facts, draft, link, operations);
}

function reactivatedAccount(
  { entitled }: DriftFacts,
  draft: DriftDraft,
  link: Link,
  operations: readonly Operation[],
  account: Account,
): void {
  if (!account.active || entitled.has(link.anchor)) return;
  const text = `Headgate deactivated ${link.label} and somebody activated it again by hand: the user is not entitled, but has access`;
  const removal = operations.find(({ kind }) => kind === 'disable' || kind === 'delete');
  const next =
    removal === undefined
      ? 'Headgate leaves it as it is: deactivate it in the application, or assign the user'
      : `the next full cycle will ${removal.kind} it`;
  add(draft, link, { kind: 'account-reactivated', text, next });
}

function changedAccount(facts: DriftFacts, draft: DriftDraft, link: Link, operations: readonly Operation[]): void {
  const differs = operations.filter(({ kind, reason }) => kind === 'update' && reason.code === 'attributes-differ');
  const concerned = concerns(facts.causes, 'account', link.anchor);
  if (differs.length === 0 || concerned === true) return;
  changed(facts, draft, link, operations, 'account-changed');
}

function groupDrift(facts: DriftFacts, draft: DriftDraft, link: Link, operations: readonly Operation[]): void {
  if (link.state === 'deleted' || operations.length === 0) return;
  if (facts.input.vanished.group.has(link.resourceId)) {
    const text = `SCIM group ${link.label} was deleted in the application by hand`;
    const again = operations.some(({ kind }) => kind === 'create') ? 'create it again' : 'link the group that matches';
    add(draft, link, { kind: 'group-deleted', text, next: whatFollows(facts, true, again) });
    undo(facts, draft, link, operations);
  } else if (facts.strangers.has(link.anchor)) {
    givenAway(facts, draft, link, 'group-changed');
  } else if (operations.some(({ kind }) => kind === 'update')) {
    if (concerns(facts.causes, 'group', link.anchor) !== true) changed(facts, draft, link, operations, 'group-changed');
  }
}

/** What is planned by such a link is held, whatever the policy: it is nobody's change to undo. */
function givenAway({ input, strangers }: DriftFacts, draft: DriftDraft, link: Link, kind: DriftKind): void {
  const account = kind === 'account-changed';
  const whose = account ? input.givenAway?.get(link.anchor) : strangers.get(link.anchor)?.whose;
  const text = `${account ? 'account' : 'SCIM group'} ${link.resourceId} is not that of ${link.label} any more; ${whose ?? ''}`;
  const next = `nothing is sent to it; the link may be forgotten: headgate connection forget-vanished -c ${input.rules.name}`;
  add(draft, link, { kind, text, next });
}

function changed(
  facts: DriftFacts,
  draft: DriftDraft,
  link: Link,
  operations: readonly Operation[],
  kind: DriftKind,
): void {
  const certain = facts.causes.known;
  const paths = operations.flatMap((operation) => [
    ...('attributes' in operation ? operation.attributes : []),
    ...('references' in operation ? operation.references : []),
  ]);
  const names = listed(paths.map(({ path }) => attributeName(path)));
  const text = certain
    ? `${names} of ${link.label} ${paths.length === 1 ? 'was' : 'were'} changed in the application by hand`
    : `${names} of ${link.label} ${paths.length === 1 ? 'differs' : 'differ'}, in the application or in the directory`;
  add(draft, link, {
    kind,
    certain,
    text,
    next: whatFollows(facts, certain, 'set it back'),
    ...attributesOf(operations),
  });
  if (certain) undo(facts, draft, link, operations);
}

function attributesOf(operations: readonly Operation[]): { readonly changes?: readonly AttributeChange[] } {
  const changes = operations.flatMap((operation) => ('attributes' in operation ? operation.attributes : []));
  return changes.length === 0 ? {} : { changes: changes.map(withoutSecret) };
}
