import type { Anchor, DirectorySnapshot } from '../directory.ts';
import { isAccountRemoval } from '../operation.ts';
import type { Planned } from '../planning/plan-cycle.ts';
import { counted, listed } from '../reasons.ts';
import type { Survey, SurveyFinding } from './survey.ts';

/** Somebody with an active account that a cycle would take away: now, or once a delay is over. */
export interface Leaver {
  readonly anchor: Anchor;
  readonly label: string;
  /** Why, in words. */
  readonly reason: string;
}

/** Whose active account a cycle would disable or delete, sorted. Once SCIM is off no cycle does, so they keep it for good. */
export function leaversOf(
  { plan, waiting }: Pick<Planned, 'plan' | 'waiting'>,
  { accounts }: Pick<Survey, 'accounts'>,
): readonly Leaver[] {
  const active = new Set(accounts.map(({ anchor }) => anchor));
  const due = plan.operations
    .filter(isAccountRemoval)
    .map(({ anchor, label, reason }) => ({ anchor, label, reason: reason.text }));
  const later = waiting.flatMap(({ resource, anchor, label, reason }) =>
    resource === 'account' ? [{ anchor, label, reason }] : [],
  );
  const all = new Map([...later, ...due].map((leaver) => [leaver.anchor, leaver]));
  return [...all.values()].filter(({ anchor }) => active.has(anchor)).sort((a, b) => (a.anchor < b.anchor ? -1 : 1));
}

/**
 * Of those a cycle would take away, who has had an account since before and has left nothing: still in the directory and
 * allowed to sign in, with no way in any more.
 */
export function strandedAmong(
  leavers: readonly Leaver[],
  { accounts }: Pick<Survey, 'accounts'>,
  { whereabouts }: Pick<DirectorySnapshot, 'whereabouts'>,
): readonly Leaver[] {
  const before = new Set(accounts.map(({ anchor }) => anchor));
  return leavers.filter(({ anchor }) => before.has(anchor) && whereabouts.get(anchor) === 'present');
}

/** Leavers in words. */
export function leaverNames(leavers: readonly Leaver[], most?: number): string {
  const names = leavers.map(({ label, reason }) => `${label} (${reason})`);
  return listed(names, most);
}

/** What is to be known of leavers before SCIM is switched off over them. */
export function leaverFindings(leavers: readonly Leaver[]): readonly SurveyFinding[] {
  if (leavers.length === 0) return [];
  const whom = `${counted(leavers.length, 'active account', 'active accounts')}: ${leaverNames(leavers)}`;
  const text = `a cycle would take access from ${whom}. Once SCIM is off none does. Either roll back and let a cycle do it first, or approve, and disable them at the provider by hand`;
  return [{ code: 'leavers-stay', severity: 'consent', text, anchors: leavers.map(({ anchor }) => anchor) }];
}
