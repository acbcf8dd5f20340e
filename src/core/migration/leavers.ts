import type { Anchor } from '../directory.ts';
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

/** Leavers in words. */
export function leaverNames(leavers: readonly Leaver[]): string {
  return listed(leavers.map(({ label, reason }) => `${label} (${reason})`));
}

/** What is to be known of leavers before SCIM is switched off over them. */
export function leaverFindings(leavers: readonly Leaver[]): readonly SurveyFinding[] {
  if (leavers.length === 0) return [];
  const whom = `${counted(leavers.length, 'active account', 'active accounts')}: ${leaverNames(leavers)}`;
  const text = `a cycle would take access from ${whom}. Once SCIM is off none does. Either roll back and let a cycle do it first, or approve, and disable them at the provider by hand`;
  return [{ code: 'leavers-stay', severity: 'consent', text, anchors: leavers.map(({ anchor }) => anchor) }];
}
