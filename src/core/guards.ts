import { matchingCollision, protectedAccounts } from './guards/claims.ts';
import type { Guard, GuardFacts } from './guards/facts.ts';
import { groupCliff } from './guards/group-cliff.ts';
import { nativeJobActive } from './guards/native-job.ts';
import { nonEmptyGroupDelete } from './guards/non-empty-group-delete.ts';
import { ownersTakenOut } from './guards/owner-in-group.ts';
import { sharedAccount } from './guards/shared-account.ts';
import { tooManyRemovals } from './guards/too-many-removals.ts';
import { tokenOwner } from './guards/token-owner.ts';
import { emptyDirectory, incompleteRead } from './guards/unproven.ts';
import { judgeMigration, withoutDue } from './migration/plan-guard.ts';
import { GUARDS, type GuardName, type Verdict } from './verdict.ts';

export type { GuardContext, GuardFacts } from './guards/facts.ts';

/** What makes the whole plan untrustworthy is judged before what is only too much; GUARDS has the order. */
const GUARD: Readonly<Record<GuardName, Guard>> = {
  'incomplete-read': incompleteRead,
  'empty-directory': emptyDirectory,
  migration: ({ plan, migration }) => judgeMigration(plan, migration),
  'native-job-active': nativeJobActive,
  'matching-collision': matchingCollision,
  'token-owner': (facts) => [...tokenOwner(facts), ...ownersTakenOut(facts)],
  'protected-accounts': protectedAccounts,
  'shared-account': sharedAccount,
  // What a migration is for was approved by name at its own gate.
  'too-many-removals': (facts) => tooManyRemovals(withoutDue(facts)),
  'group-cliff': (facts) => groupCliff(withoutDue(facts)),
  'non-empty-group-delete': nonEmptyGroupDelete,
};

/**
 * Judges a plan. Every guard is heard, so that an operator sees all that is wrong at once; there is no way round one. The
 * verdict names the guards that did not look, because they are switched off.
 */
export function judge(facts: GuardFacts): Verdict {
  const { engine, guards } = facts.rules;
  const off = GUARDS.filter(
    (name) => guards.off.some((other) => other === name) && !(name === 'native-job-active' && engine === 'entra'),
  );
  const on = GUARDS.filter((name) => !off.includes(name));
  const findings = on.flatMap((name) => GUARD[name](facts));
  return { refused: findings.some(({ effect }) => effect === 'refuse'), findings, off };
}

/** Keys of held operations, each with the first guard that holds it and was not approved. */
export function heldOperations(verdict: Verdict): ReadonlyMap<string, GuardName> {
  const held = new Map<string, GuardName>();
  for (const { effect, guard, operations, approved } of verdict.findings) {
    if (effect !== 'hold' || approved !== undefined) continue;
    for (const key of operations) if (!held.has(key)) held.set(key, guard);
  }
  return held;
}
