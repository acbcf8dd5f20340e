import type { RemovalAction, RemovalCause } from '../connection.ts';
import type { Anchor, DirectorySnapshot } from '../directory.ts';
import type { Link } from '../link.ts';
import type { AccountIndex } from '../match.ts';
import { WAVE } from '../operation.ts';
import { effectOf } from '../profile.ts';
import { counted, afterDelay, removalReason, withEffect } from '../reasons.ts';
import type { Scope } from '../scope.ts';
import { leave } from './leave.ts';
import { notice, type PlanDraft, type PlanInput } from './plan-input.ts';

/**
 * Why a linked user is no longer entitled; undefined when that is not known for certain, and then nothing is done: somebody
 * an assignment reaches is neither unassigned nor gone for good, whatever one answer says.
 * Who passes no scoping filter was seen to fail them all: an attribute that was not read fails nobody.
 * An assigned user who may not sign in counts as disabled, as in Entra (Learn: how-provisioning-works, "Deprovisioning").
 */
export function removalCause(anchor: Anchor, scope: Scope, directory: DirectorySnapshot): RemovalCause | undefined {
  const user = directory.users.get(anchor);
  if (user !== undefined && scope.reach.has(anchor)) {
    if (!user.enabled) return 'disabled';
    if (scope.filters.admits(user) === false) return 'filtered';
  }
  switch (directory.whereabouts.get(anchor)) {
    case 'present':
    case 'disabled':
      return scope.reach.has(anchor) ? undefined : 'unassigned';
    case 'soft-deleted':
      return 'softDeleted';
    case 'absent':
      return scope.reach.has(anchor) ? undefined : 'hardDeleted';
    case undefined:
      return undefined;
    default:
      return undefined;
  }
}

/** Plans what becomes of linked accounts whose users are no longer entitled, by the policy for the cause. */
export function planRemovals(
  input: PlanInput,
  draft: PlanDraft,
  scope: Scope,
  entitled: ReadonlySet<Anchor>,
  links: ReadonlyMap<Anchor, Link>,
  { byId }: AccountIndex,
): void {
  const unknown: Anchor[] = [];
  const unjudged: Anchor[] = [];
  const again: Anchor[] = [];
  const isReached = (anchor: Anchor) => scope.reach.has(anchor) && input.directory.users.has(anchor);
  for (const link of links.values()) {
    if (input.focus !== undefined && !input.focus.users.has(link.anchor)) continue;
    if (link.state === 'deleted' || entitled.has(link.anchor)) continue;
    if (input.vanished.account.has(link.resourceId)) {
      endDeparture(draft, link);
      continue;
    }
    const cause = removalCause(link.anchor, scope, input.directory);
    if (cause === undefined) {
      (isReached(link.anchor) ? unjudged : unknown).push(link.anchor);
      continue;
    }
    if (link.state === 'disabled' && byId.get(link.resourceId)?.active === true) again.push(link.anchor);
    planRemoval(input, draft, scope, link, cause, byId);
  }
  notice(
    draft,
    'users-left-out',
    `${counted(unjudged.length, 'linked user')} could not be judged by the scoping filters; nothing is done about them`,
    unjudged,
  );
  const text = `${counted(again.length, 'account Headgate disabled is', 'accounts Headgate disabled are')} active at the provider again, though not entitled`;
  notice(draft, 'account-active-again', text, again);
  notice(
    draft,
    'users-left-out',
    `${counted(unknown.length, 'linked user')} could not be located in the directory; nothing is done to them`,
    unknown,
  );
}

function planRemoval(
  input: PlanInput,
  draft: PlanDraft,
  scope: Scope,
  link: Link,
  cause: RemovalCause,
  accounts: AccountIndex['byId'],
): void {
  const { profile, directory, rules } = input;
  const inactive = link.state === 'disabled' || accounts.get(link.resourceId)?.active === false;
  const where = directory.whereabouts.get(link.anchor);
  const user = directory.users.get(link.anchor);
  const passes = rules.scope.filters === undefined || (user !== undefined && scope.filters.admits(user) === true);
  const step = leave(input, draft, {
    link,
    cause,
    seen: { passes, ...(where === undefined ? {} : { where }) },
    policy: (each) => rules.deprovision[each],
    // Where DELETE only deactivates, an inactive account is as deleted as can be: planning it again would never end.
    isDone: (action: RemovalAction) => inactive && (action === 'disable' || effectOf(profile, action) === 'suspend'),
    reason: (next) => removalReason(next.cause, link, directory, scope).text,
  });
  if (step === undefined) return;
  const { action } = step;
  const effect = effectOf(profile, action);
  const wave = action === 'disable' ? WAVE.disable : WAVE.delete;
  const reason = removalReason(step.cause, link, directory, scope);
  draft.operations.push({
    resource: 'account',
    kind: action,
    key: `${wave}:account:${action}:${link.anchor}`,
    wave,
    anchor: link.anchor,
    label: link.label,
    effect,
    reason: withEffect(afterDelay(reason, rules.deprovision[step.cause].afterMs), action, effect),
    resourceId: link.resourceId,
    cause: step.cause,
  });
}

/** An account that is gone at the provider leaves nothing to be done about its user. */
function endDeparture(draft: PlanDraft, link: Link): void {
  if (link.departure?.next === undefined) return;
  draft.departures.push({ link, departure: { causes: link.departure.causes } });
}
