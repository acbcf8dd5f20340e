import type { DeprovisionRule, RemovalAction, RemovalCause } from '../connection.ts';
import { nextStep, noticeCause, sameDeparture, type Departure, type RemovalStep, type SeenNow } from '../departure.ts';
import type { Link } from '../link.ts';
import type { PlanDraft, PlanInput } from './plan-input.ts';

/** Somebody, or a group, whose link is to be removed by the policy. */
export interface Leaver {
  readonly link: Link;
  readonly cause: RemovalCause;
  readonly seen?: SeenNow;
  readonly policy: (cause: RemovalCause) => DeprovisionRule;
  /** Whether an action would change nothing any more. */
  readonly isDone: (action: RemovalAction) => boolean;
  readonly reason: (step: RemovalStep) => string;
}

/** Notes on the draft how somebody left and what waits to be done; returns the step that is due now, if one is. */
export function leave({ now }: PlanInput, draft: PlanDraft, leaver: Leaver): RemovalStep | undefined {
  const { link, cause, policy, reason } = leaver;
  const { resource, anchor, label } = link;
  const before = link.departure;
  const causes = noticeCause(cause, before?.causes ?? [], policy, now, leaver.seen);
  const next = nextStep(causes, policy, leaver.isDone, now);
  const departure: Departure = next === undefined ? { causes } : { causes, next: { ...next, reason: told(next) } };
  if (!sameDeparture(before, departure)) draft.departures.push({ link, departure });
  if (next === undefined || next.dueAt <= now) return next;
  const begins = before?.causes.some((known) => known.cause === next.cause) !== true;
  draft.waiting.push({ resource, anchor, label, ...next, reason: told(next), begins });
  return undefined;

  /** As first told: what the directory says about a loss fades with time. */
  function told(step: RemovalStep): string {
    const known = before?.next;
    return known?.cause === step.cause && known.action === step.action ? known.reason : reason(step);
  }
}
