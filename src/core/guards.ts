import type { ConnectionRules } from './connection.ts';
import type { WaitingRemoval } from './departure.ts';
import type { DirectorySnapshot } from './directory.ts';
import { tokenOwner, type GuardedCredential } from './guards/token-owner.ts';
import type { Link } from './link.ts';
import { isRemoval, type Operation } from './operation.ts';
import type { Plan } from './plan.ts';
import type { Collision } from './planning/plan-input.ts';
import { foldName, listed } from './reasons.ts';
import type { Finding, GuardName, Verdict } from './verdict.ts';

/** What guards judge: the plan, and the facts it was made from. */
export interface GuardFacts {
  readonly plan: Plan;
  readonly rules: ConnectionRules;
  readonly directory: DirectorySnapshot;
  readonly links: readonly Link[];
  readonly collisions: readonly Collision[];
  /** Credentials of every connection, with who owns them. */
  readonly credentials: readonly GuardedCredential[];
  /** Removals that are not due yet. */
  readonly waiting?: readonly WaitingRemoval[];
}

type Guard = (facts: GuardFacts) => readonly Finding[];

/**
 * Below this many removals the percentage is not applied: one leaver in a company of five is no accident.
 * The count limit always applies.
 */
export const PERCENT_FLOOR = 5;

/** Design 4.2: without the completeness proof an initial cycle fails, and no plan may hold a removal. */
const incompleteRead: Guard = ({ plan, directory, waiting = [] }) => {
  // A delay that begins is the beginning of a removal.
  const removals = [...plan.operations.filter(isRemoval), ...waiting.filter(({ begins }) => begins)];
  if (directory.gaps.length === 0 || (plan.kind !== 'initial' && removals.length === 0)) return [];
  const gaps = directory.gaps.map(({ what, expected, found }) =>
    expected === undefined ? what : `${what}: expected ${expected}, found ${found ?? 0}`,
  );
  return [
    {
      guard: 'incomplete-read',
      effect: 'refuse',
      message: `the directory could not be proved to be read completely: ${listed(gaps)}`,
      remedy:
        'nothing was changed; the next cycle reads again. If it persists, check the permissions of the directory application.',
      operations: [],
      numbers: { gaps: directory.gaps.length, removals: removals.length },
    },
  ];
};

/** A directory that suddenly entitles nobody is a broken read or a broken assignment, not the wish to remove everyone. */
const emptyDirectory: Guard = ({ plan, directory }) => {
  const linked = plan.counts.linkedAccounts;
  // An incremental cycle looks at few users; for it an empty directory is one without any assignment.
  const entitles = plan.kind === 'initial' ? plan.counts.entitledUsers > 0 : directory.assignments.length > 0;
  if (entitles || linked === 0) return [];
  return [
    {
      guard: 'empty-directory',
      effect: 'refuse',
      message: `the directory entitles nobody to this application, but ${linked} accounts are linked`,
      remedy:
        'check the assignments of the enterprise application. Everybody at once is never taken off: to do so on purpose, leave one user assigned until the others are gone.',
      operations: [],
      numbers: { entitled: 0, linked },
    },
  ];
};

const matchingCollision: Guard = ({ collisions }) =>
  collisions.map(({ text, operations }) => ({
    guard: 'matching-collision' as const,
    effect: 'hold' as const,
    message: text,
    remedy:
      'make the matching attribute unique in the directory, or correct the account at the provider; the hold lifts by itself.',
    operations,
    numbers: { operations: operations.length },
  }));

const protectedAccounts: Guard = ({ plan, rules }) => {
  const names = new Set(rules.guards.protectedAccounts.map(foldName));
  const held = plan.operations.filter(
    (operation) =>
      operation.resource === 'account' &&
      (operation.kind === 'disable' || operation.kind === 'delete') &&
      (names.has(foldName(operation.anchor)) || names.has(foldName(operation.label))),
  );
  if (held.length === 0) return [];
  return [
    {
      guard: 'protected-accounts',
      effect: 'hold',
      message: `${listed(held.map(({ kind, label }) => `${kind} ${label}`))}: protected by guards.protectedAccounts`,
      remedy: 'assign the user to the application again, or take the name out of guards.protectedAccounts.',
      operations: held.map(({ key }) => key),
      numbers: { held: held.length },
    },
  ];
};

interface RemovalKind {
  readonly name: string;
  readonly select: (operation: Operation) => boolean;
  readonly size: (operation: Operation, facts: GuardFacts) => number;
  readonly base: (facts: GuardFacts) => number;
}

const one = () => 1;

/** Effects are counted, not verbs: deleting a SCIM group takes its membership from everybody in it. */
function membersTaken(operation: Operation, { links, plan }: GuardFacts): number {
  if (operation.kind === 'members') return operation.remove.length;
  const group = links.find(({ resource, anchor }) => resource === 'group' && anchor === operation.anchor);
  const members = group?.members?.length ?? 0;
  if (members === 0) return 0;
  // Where the plan empties the group first, its members are counted there.
  return plan.operations.some(({ kind, anchor }) => kind === 'members' && anchor === operation.anchor) ? 0 : members;
}

const linkedAccounts = ({ plan }: GuardFacts) => plan.counts.linkedAccounts;

/** The effects an operation has on an account, whatever its verb is called. */
function suspendsAccount(operation: Operation): boolean {
  return 'effect' in operation && operation.effect === 'suspend';
}

function losesAccount(operation: Operation): boolean {
  return 'effect' in operation && operation.effect !== 'suspend';
}

/** Counted apart, so that many harmless removals of one kind cannot hide a few grave ones of another. */
const REMOVAL_KINDS: readonly RemovalKind[] = [
  { name: 'accounts disabled', select: suspendsAccount, size: one, base: linkedAccounts },
  { name: 'accounts deleted', select: losesAccount, size: one, base: linkedAccounts },
  {
    name: 'groups deleted',
    select: (op) => op.resource === 'group' && op.kind === 'delete',
    size: one,
    base: ({ plan }) => plan.counts.linkedGroups,
  },
  {
    name: 'members removed',
    select: (op) =>
      (op.kind === 'members' && op.remove.length > 0) || (op.resource === 'group' && op.kind === 'delete'),
    size: membersTaken,
    base: ({ plan }) => plan.counts.linkedMembers,
  },
];

const tooManyRemovals: Guard = (facts) =>
  REMOVAL_KINDS.flatMap((kind) => {
    const { count, percent } = facts.rules.guards.tooManyRemovals;
    const operations = facts.plan.operations.filter(kind.select);
    const removals = operations.reduce((sum, operation) => sum + kind.size(operation, facts), 0);
    const base = kind.base(facts);
    const share = base === 0 ? 0 : (removals * 100) / base;
    const overShare = removals >= PERCENT_FLOOR && share > percent;
    if (removals <= count && !overShare) return [];
    const limit = removals > count ? `more than ${count}` : `${share.toFixed(1)} % of ${base}, more than ${percent} %`;
    return [
      {
        guard: 'too-many-removals' as const,
        effect: 'hold' as const,
        message: `${removals} ${kind.name} in one cycle: ${limit}`,
        remedy:
          'look at the plan. If a group or assignment was removed by mistake, put it back and the hold lifts by itself. If every removal is meant, raise guards.tooManyRemovals of the connection, restart the daemon, run a cycle, and lower it again.',
        operations: operations.map(({ key }) => key),
        numbers: { removals, base, count, percent },
      },
    ];
  });

/** In the order of GUARDS: what makes the whole plan untrustworthy is judged before what is only too much. */
const CHAIN: Readonly<Record<GuardName, Guard>> = {
  'incomplete-read': incompleteRead,
  'empty-directory': emptyDirectory,
  'matching-collision': matchingCollision,
  'token-owner': tokenOwner,
  'protected-accounts': protectedAccounts,
  'too-many-removals': tooManyRemovals,
};

/** Judges a plan. Every guard is heard, so that an operator sees all that is wrong at once; there is no way round one. */
export function judge(facts: GuardFacts): Verdict {
  const findings = Object.values(CHAIN).flatMap((guard) => guard(facts));
  return { refused: findings.some(({ effect }) => effect === 'refuse'), findings };
}

/** Keys of held operations, each with the first guard that holds it. */
export function heldOperations(verdict: Verdict): ReadonlyMap<string, GuardName> {
  const held = new Map<string, GuardName>();
  for (const finding of verdict.findings) {
    if (finding.effect === 'hold')
      for (const key of finding.operations) if (!held.has(key)) held.set(key, finding.guard);
  }
  return held;
}
