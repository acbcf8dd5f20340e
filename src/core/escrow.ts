import type { Anchor } from './directory.ts';
import { isRemoval, type Operation, type OperationKind } from './operation.ts';
import type { OperationFailure } from './operation-failure.ts';
import { digestOf, type Plan } from './plan.ts';

/** Which need is in escrow. A failed update says nothing about a disable of the same account, so the kind belongs to it. */
export interface EscrowKey {
  readonly resource: Operation['resource'];
  readonly anchor: Anchor;
  readonly kind: OperationKind;
}

/** A need of one resource that could not be fulfilled, remembered over cycles. Times are ms since the epoch. */
export interface Escrow extends EscrowKey {
  readonly label: string;
  /** How many cycles sent it in vain. */
  readonly attempts: number;
  readonly firstFailedAt: number;
  readonly lastFailedAt: number;
  /** Not sent again before this time, unless what it sends has changed. */
  readonly dueAt: number;
  readonly failure: OperationFailure;
  /** Digest of what was sent: another content is another try. */
  readonly digest: string;
  /** The cycle of the last try. */
  readonly cycle: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The provider was in trouble, not the object: no need to wait long. */
const SOON_MS = 5 * MINUTE_MS;
const LONGEST_MS = 24 * HOUR_MS;
const TRANSIENT: ReadonlySet<string> = new Set(['InternalServerError', 'Timeout']);

/** Whether it was the provider's own trouble, which another try may not meet. */
export function mayPass({ code }: Pick<OperationFailure, 'code'>): boolean {
  return TRANSIENT.has(code);
}

/** How long to wait after so many tries, in ms: doubling, up to a day. Whoever should leave has access while we wait: an hour. */
export function escrowDelayMs(attempts: number, code: string, removal: boolean): number {
  const first = mayPass({ code }) ? SOON_MS : HOUR_MS;
  return Math.min(first * 2 ** Math.min(attempts - 1, 20), removal ? HOUR_MS : LONGEST_MS);
}

/** Text by which two keys are the same. */
export function escrowKey({ resource, anchor, kind }: EscrowKey): string {
  return `${resource} ${kind} ${anchor}`;
}

/** Digest of what an operation asks for: not why, nor what was there before. */
export function needDigest(operation: Operation): string {
  return digestOf({
    resourceId: 'resourceId' in operation ? (operation.resourceId ?? null) : null,
    displayName: 'displayName' in operation ? operation.displayName : null,
    attributes: 'attributes' in operation ? operation.attributes.map(({ path, after }) => [path, after]) : [],
    references: 'references' in operation ? operation.references : [],
    add: 'add' in operation ? operation.add : [],
    remove: 'remove' in operation ? operation.remove.map(({ anchor }) => anchor) : [],
  });
}

/** The escrow of an operation that has just failed in a cycle. Told twice of the same cycle it stays as it is. */
export function escrowAfter(
  operation: Operation,
  failure: OperationFailure,
  previous: Escrow | undefined,
  cycle: string,
  now: number,
): Escrow {
  if (previous?.cycle === cycle) return previous;
  const { resource, anchor, kind, label } = operation;
  const attempts = (previous?.attempts ?? 0) + 1;
  return {
    resource,
    anchor,
    kind,
    label,
    attempts,
    firstFailedAt: previous?.firstFailedAt ?? now,
    lastFailedAt: now,
    dueAt: now + escrowDelayMs(attempts, failure.code, isRemoval(operation)),
    failure,
    digest: needDigest(operation),
    cycle,
  };
}

/**
 * The operations of a plan that are not sent this time, by key, with why: their escrow is not due and they ask for the same
 * as before, or they build on a resource whose creation is among them.
 */
export function putAside(
  operations: readonly Operation[],
  escrows: readonly Escrow[],
  now: number,
): ReadonlyMap<string, OperationFailure> {
  const aside = new Map<string, OperationFailure>();
  if (escrows.length === 0) return aside;
  const known = new Map(escrows.map((escrow) => [escrowKey(escrow), escrow]));
  const missing = new Map<string, OperationFailure>();
  for (const operation of operations) {
    const escrow = known.get(escrowKey(operation));
    const waits = escrow !== undefined && escrow.dueAt > now && escrow.digest === needDigest(operation);
    const resource = `${operation.resource} ${operation.anchor}`;
    const failure = waits ? escrow.failure : missing.get(resource);
    if (failure === undefined) continue;
    aside.set(operation.key, failure);
    if (operation.kind === 'create') missing.set(resource, dependsOn(failure));
  }
  return aside;
}

function dependsOn(failure: OperationFailure): OperationFailure {
  return { ...failure, message: `waits for its creation, which is in escrow: ${failure.message}` };
}

/** Escrows whose need has gone: the plan looked at the resource and wants something else of it, or nothing. */
export function needless(
  plan: Pick<Plan, 'operations'>,
  escrows: readonly Escrow[],
  looksAt: (key: EscrowKey) => boolean,
): readonly Escrow[] {
  if (escrows.length === 0) return [];
  const wanted = new Set(plan.operations.map(escrowKey));
  return escrows.filter((escrow) => looksAt(escrow) && !wanted.has(escrowKey(escrow)));
}
