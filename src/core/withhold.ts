import type { Anchor } from './directory.ts';
import { heldOperations } from './guards.ts';
import type { ChangeAccount, ChangeMembers, Operation } from './operation.ts';
import type { GuardName, Verdict } from './verdict.ts';

/** What becomes of one operation of a plan. */
export interface Withheld {
  /** The operation as it may be sent: without what would touch somebody whose own operation is held. */
  readonly operation: Operation;
  /** The guard that holds it; null when it goes. */
  readonly guard: GuardName | null;
  /** The holds whose approvals let it through as far as they go; another guard may hold it still. */
  readonly approvals: readonly string[];
}

/** Users whose operations are held, each with the guard: some get no account yet, others keep what they have. */
interface Waiting {
  readonly without: Map<Anchor, GuardName>;
  readonly staying: Map<Anchor, GuardName>;
}

/**
 * What of a plan may be sent, in plan order. What comes after a held operation of the same resource is held with it: it
 * was planned on the assumption that the first had happened. So is what only concerns people whose own operation is held:
 * a reference to an account that is not made yet cannot be, and whoever keeps the account keeps the memberships.
 */
export function withhold(operations: readonly Operation[], verdict: Verdict): readonly Withheld[] {
  const held = heldOperations(verdict);
  const approvals = approvedOperations(verdict);
  const stopped = new Map<string, GuardName>();
  const waiting: Waiting = { without: new Map(), staying: new Map() };
  return operations.map((planned) => {
    const resource = `${planned.resource} ${planned.anchor}`;
    const direct = held.get(planned.key) ?? stopped.get(resource);
    const { operation, guard, reduced } =
      direct === undefined ? reduce(planned, waiting) : { operation: planned, guard: direct, reduced: undefined };
    const stops = guard ?? reduced;
    if (stops !== undefined && stops !== null) stopped.set(resource, stops);
    if (guard !== null) remember(planned, guard, waiting);
    return { operation, guard, approvals: approvals.get(planned.key) ?? [] };
  });
}

/** Operations that go because a person approved what held them. */
function approvedOperations(verdict: Verdict): ReadonlyMap<string, readonly string[]> {
  const approvals = new Map<string, readonly string[]>();
  for (const { approved, operations } of verdict.findings) {
    if (approved === undefined) continue;
    for (const key of operations) approvals.set(key, [...new Set([...(approvals.get(key) ?? []), approved.hold])]);
  }
  return approvals;
}

function remember(operation: Operation, guard: GuardName, { without, staying }: Waiting): void {
  if (operation.resource !== 'account') return;
  const { anchor, kind } = operation;
  if (kind === 'disable' || kind === 'delete') staying.set(anchor, guard);
  const joins = 'matchedBy' in operation && operation.matchedBy !== undefined && operation.matchedBy !== 'link';
  if (kind === 'create' || joins) without.set(anchor, guard);
}

interface Reduced {
  readonly operation: Operation;
  readonly guard: GuardName | null;
  /** Set when something was left out: what builds on it must not go. */
  readonly reduced: GuardName | undefined;
}

function reduce(operation: Operation, waiting: Waiting): Reduced {
  if (waiting.without.size === 0 && waiting.staying.size === 0) return { operation, guard: null, reduced: undefined };
  if (operation.kind === 'members') return reduceMembers(operation, waiting);
  if (operation.kind === 'update' && operation.resource === 'account') return reduceReferences(operation, waiting);
  return { operation, guard: null, reduced: undefined };
}

function reduceMembers(operation: ChangeMembers, { without, staying }: Waiting): Reduced {
  const add = operation.add.filter((user) => !without.has(user));
  const remove = operation.remove.filter(({ anchor }) => !staying.has(anchor));
  const left = operation.add.length - add.length + operation.remove.length - remove.length;
  if (left === 0) return { operation, guard: null, reduced: undefined };
  const [first] = [
    ...operation.add.flatMap((user) => without.get(user) ?? []),
    ...operation.remove.flatMap(({ anchor }) => staying.get(anchor) ?? []),
  ];
  if (add.length + remove.length === 0) return { operation, guard: first ?? null, reduced: first };
  const text = `${operation.reason.text}; ${left} of them wait with their held accounts`;
  // Only a removal that was left out stands in the way of deleting the group.
  const kept = remove.length < operation.remove.length ? first : undefined;
  return {
    operation: { ...operation, add, remove, reason: { ...operation.reason, text } },
    guard: null,
    reduced: kept,
  };
}

function reduceReferences(operation: ChangeAccount, { without }: Waiting): Reduced {
  const references = operation.references.filter(({ to }) => !without.has(to));
  const [first] = operation.references.flatMap(({ to }) => without.get(to) ?? []);
  if (first === undefined) return { operation, guard: null, reduced: undefined };
  if (references.length + operation.attributes.length === 0) return { operation, guard: first, reduced: first };
  return { operation: { ...operation, references }, guard: null, reduced: undefined };
}
