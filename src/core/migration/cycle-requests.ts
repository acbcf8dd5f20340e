import type { Exported, Operation, OperationState, SentWrite } from '../operation.ts';
import type { OperationFailure } from '../operation-failure.ts';
import { counted } from '../reasons.ts';
import type { CycleRequest, ExactRequest } from './journal.ts';
import { reportedWrites } from './sent-writes.ts';

/** An operation of one of the migration's own cycles, as that cycle left it. */
interface CycleOperation {
  readonly operation: Operation;
  readonly state: OperationState;
  readonly attempts: number;
  readonly exported?: Exported;
  readonly failure?: OperationFailure;
  readonly sent?: readonly SentWrite[];
  /** Ms since the epoch. */
  readonly settledAt?: number;
}

const NAMES = { account: 'account', group: 'SCIM group' } as const;
const METHODS = { create: 'POST', delete: 'DELETE' } as const;

/** What an operation does, by name. */
export function whatOf(operation: Operation): string {
  const name = `${NAMES[operation.resource]} ${operation.label}`;
  if (operation.kind !== 'members') return `${operation.kind} ${name}`;
  const put = operation.add.length === 0 ? [] : [`put ${counted(operation.add.length, 'member')} into`];
  const taken = operation.remove.length === 0 ? [] : [`take ${counted(operation.remove.length, 'member')} out of`];
  return `${[...put, ...taken].join(' and ')} ${name}`;
}

/** What must have been sent for an operation of which only the outcome is known, without its body. */
function shapeOf({ operation, exported, failure }: CycleOperation): ExactRequest {
  const collection = operation.resource === 'account' ? '/Users' : '/Groups';
  const usual = operation.kind === 'create' || operation.kind === 'delete' ? METHODS[operation.kind] : 'PATCH';
  const planned = 'resourceId' in operation ? operation.resourceId : undefined;
  const id = operation.kind === 'create' ? undefined : (planned ?? exported?.resourceId ?? undefined);
  const path = id === undefined ? collection : `${collection}/${encodeURIComponent(id)}`;
  return { to: 'provider', method: failure?.request?.method ?? usual, path };
}

/**
 * What the operations of a cycle have sent, in their order, for the journal of the migration it belongs to. Nothing for one
 * that was never sent; one whose process died after sending it, and which was then read back, has no body.
 */
export function cycleRequests(operations: readonly CycleOperation[]): readonly CycleRequest[] {
  const putOff = new Set<string>();
  return operations.flatMap((one) => {
    const { resource, anchor } = one.operation;
    const subject = `${resource} ${anchor}`;
    // What is put off takes with it, unsent and with its reason, what is planned later for the same resource.
    if (isPutOff(one) && putOff.has(subject)) return [];
    if (isPutOff(one)) putOff.add(subject);
    return requestsOf(one);
  });
}

/** Refused for now, which spends no attempt, and not sent again in its cycle. */
function isPutOff(one: CycleOperation): one is CycleOperation & { readonly failure: OperationFailure } {
  const { state, attempts, failure } = one;
  return (state === 'pending' || state === 'cancelled') && attempts === 0 && failure?.request !== undefined;
}

function requestsOf(one: CycleOperation): readonly CycleRequest[] {
  const fate = fateOf(one);
  if (fate === undefined) return [];
  const what = `full cycle: ${whatOf(one.operation)}`;
  const at = one.settledAt === undefined ? {} : { at: one.settledAt };
  const told = reportedWrites('provider', one.sent ?? one.exported?.sent ?? [], fate);
  const untold = isTold(one) ? [] : [{ request: shapeOf(one), ...fate }];
  return [...told, ...untold].map(({ request, outcome, why }) => ({
    what,
    request,
    outcome,
    ...at,
    ...(why === undefined ? {} : { why }),
  }));
}

/** Whether its writes tell all it has sent: not where its process died before it could record them. */
function isTold({ operation, state, exported, sent }: CycleOperation): boolean {
  const mayBeDone = sent?.some(({ outcome }) => outcome !== 'failed') === true;
  if (state === 'in-doubt' || state === 'in-flight' || exported?.settled === true) return mayBeDone;
  if (state === 'exported' && (operation.kind === 'link' || exported?.note === 'already-so')) return true;
  return sent !== undefined || exported?.sent !== undefined;
}

/** What became of the whole; undefined when it was never sent. */
function fateOf(one: CycleOperation): Pick<CycleRequest, 'outcome' | 'why'> | undefined {
  const { state, attempts, exported, failure, sent } = one;
  const tried = attempts > 0 || sent !== undefined;
  switch (state) {
    case 'exported':
      return { outcome: exported?.settled === true || (sent ?? exported?.sent) === undefined ? 'proved' : 'done' };
    case 'escrowed':
      // Put aside when it was planned, without being sent, it has no request.
      return failure?.request === undefined && !tried
        ? undefined
        : { outcome: 'failed', why: failure?.message ?? 'not known' };
    case 'in-doubt':
    case 'in-flight':
      return { outcome: 'in-doubt' };
    case 'pending':
    case 'cancelled':
      if (isPutOff(one)) return { outcome: 'failed', why: one.failure.message };
      return tried ? { outcome: 'unknown', why: 'it failed, and was not sent again' } : undefined;
    case 'held':
      return undefined;
    default:
      return state satisfies never;
  }
}
