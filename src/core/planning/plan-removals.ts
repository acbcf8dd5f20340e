import type { RemovalCause } from '../connection.ts';
import type { Anchor, DirectorySnapshot } from '../directory.ts';
import type { Link } from '../link.ts';
import { WAVE } from '../operation.ts';
import { effectOf } from '../profile.ts';
import { removalReason, withEffect } from '../reasons.ts';
import type { Scope } from '../scope.ts';
import { notice, type PlanDraft, type PlanInput } from './plan-input.ts';

/**
 * Why a linked user is no longer entitled; undefined when that is not known for certain, and then nothing is done.
 * An assigned user who may not sign in counts as disabled, as in Entra (Learn: how-provisioning-works, "Deprovisioning").
 */
export function removalCause(anchor: Anchor, scope: Scope, directory: DirectorySnapshot): RemovalCause | undefined {
  if (directory.users.get(anchor)?.enabled === false && scope.reach.has(anchor)) return 'disabled';
  switch (directory.whereabouts.get(anchor)) {
    case 'present':
    case 'disabled':
      return scope.reach.has(anchor) ? undefined : 'unassigned';
    case 'soft-deleted':
      return 'softDeleted';
    case 'absent':
      return 'hardDeleted';
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
): void {
  const active = new Map(input.inventory.accounts.resources.map((account) => [account.id, account.active]));
  const unknown: Anchor[] = [];
  const again: Anchor[] = [];
  for (const link of links.values()) {
    if (input.focus !== undefined && !input.focus.users.has(link.anchor)) continue;
    if (link.state === 'deleted' || entitled.has(link.anchor) || input.vanished.has(link.resourceId)) continue;
    const cause = removalCause(link.anchor, scope, input.directory);
    if (cause === undefined) {
      unknown.push(link.anchor);
      continue;
    }
    const action = input.rules.deprovision[cause];
    if (action === 'keep') continue;
    const effect = effectOf(input.profile, action);
    const inactive = link.state === 'disabled' || active.get(link.resourceId) === false;
    if (link.state === 'disabled' && active.get(link.resourceId) === true) again.push(link.anchor);
    // Where DELETE only deactivates, an inactive account is as deleted as can be: planning it again would never end.
    if (inactive && (action === 'disable' || effect === 'suspend')) continue;
    const wave = action === 'disable' ? WAVE.disable : WAVE.delete;
    draft.operations.push({
      resource: 'account',
      kind: action,
      key: `${wave}:account:${action}:${link.anchor}`,
      wave,
      anchor: link.anchor,
      label: link.label,
      effect,
      reason: withEffect(removalReason(cause, link, input.directory, scope), action, effect),
      resourceId: link.resourceId,
      cause,
    });
  }
  const text = `${again.length} accounts Headgate disabled are active at the provider again, though their users are not entitled`;
  notice(draft, 'account-active-again', text, again);
  notice(
    draft,
    'users-left-out',
    `${unknown.length} linked users could not be located in the directory; they are left as they are`,
    unknown,
  );
}
