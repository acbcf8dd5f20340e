import { REMOVAL_KINDS, type RemovalKind, type RemovalLimit } from '../connection.ts';
import type { Finding } from '../verdict.ts';
import { limitPassed, type Guard, type GuardFacts } from './facts.ts';
import {
  lossesBefore,
  lossesOf,
  removalOf,
  removalWords,
  stillOut,
  totalLosses,
  weigh,
  type Removal,
} from './removal-kinds.ts';
import { counted } from '../reasons.ts';

/** Removals of one kind that a limit is about, and what they are a share of. */
interface Tally {
  readonly kind: RemovalKind;
  /** Continues "12 accounts to disable". */
  readonly where: string;
  readonly planned: readonly (readonly [key: string, removal: Removal])[];
  readonly past: readonly Removal[];
  /** What is linked now; what was removed within the window is added. */
  readonly linked: number;
  readonly limit: RemovalLimit;
}

/**
 * Holds removals of one kind when what was carried out within the window and what is planned together pass a limit, so
 * that a slow bleed trips as a sudden one does.
 */
export const tooManyRemovals: Guard = (facts) => {
  const { tooManyRemovals: settings } = facts.rules.guards;
  const planned = facts.plan.operations.flatMap((operation) => {
    const removal = removalOf(operation);
    return removal === undefined ? [] : [[operation.key, removal] as const];
  });
  if (planned.length === 0) return [];
  const past = stillOut(facts.past, facts.links);
  const tallies: readonly Tally[] = [
    ...REMOVAL_KINDS.map((kind) => ({
      kind,
      where: '',
      planned,
      past,
      linked: linkedOf(kind, facts),
      limit: settings[kind] ?? settings,
    })),
    ...groupTallies(facts, planned, past),
  ];
  return tallies.flatMap((tally) => judgeTally(tally, settings.windowHours));
};

function linkedOf(kind: RemovalKind, { plan: { counts } }: GuardFacts): number {
  if (kind === 'groupsDeleted') return counts.linkedGroups;
  return kind === 'membersRemoved' ? counts.linkedMembers : counts.linkedAccounts;
}

/** Each group that stays and loses members. One that is deleted is a matter of its own. */
function groupTallies(
  { links, rules, plan }: GuardFacts,
  planned: Tally['planned'],
  past: readonly Removal[],
): readonly Tally[] {
  const limit = rules.guards.tooManyRemovals.membersOfOneGroup;
  const deleted = new Set(
    plan.operations.filter((one) => one.resource === 'group' && one.kind === 'delete').map(({ anchor }) => anchor),
  );
  return plan.operations
    .filter((one) => one.kind === 'members' && one.remove.length > 0 && !deleted.has(one.anchor))
    .map(({ key, anchor, label }) => ({
      kind: 'membersRemoved' as const,
      where: ` from group ${label}`,
      planned: planned.filter(([of]) => of === key),
      past: past.filter((removal) => removal.kind === 'members' && removal.anchor === anchor),
      linked: links.find((link) => link.resource === 'group' && link.anchor === anchor)?.members?.length ?? 0,
      limit,
    }));
}

function judgeTally({ kind, where, planned, past, linked, limit }: Tally, windowHours: number): readonly Finding[] {
  const concerned = planned.filter(([, removal]) => lossesOf(kind, removal).size > 0);
  if (concerned.length === 0) return [];
  const now = totalLosses(
    kind,
    concerned.map(([, removal]) => removal),
  );
  const before = lossesBefore(totalLosses(kind, past), now);
  const removals = weigh(now) + before;
  const base = linked + before;
  const passed = limitPassed(removals, base, limit);
  if (passed === undefined) return [];
  const when =
    before === 0
      ? 'in one cycle'
      : `within ${counted(windowHours, 'hour')}, ${before} of them carried out before this cycle`;
  return [
    {
      guard: 'too-many-removals',
      effect: 'hold',
      message: `${removalWords(kind, removals)}${where} ${when}: ${passed}`,
      remedy:
        'look at the plan. If a group or assignment was removed by mistake, put it back and the hold lifts by itself. If every removal is meant, approve it: headgate holds list.',
      operations: concerned.map(([key]) => key),
      numbers: { removals, before, base, count: limit.count, percent: limit.percent },
    },
  ];
}
