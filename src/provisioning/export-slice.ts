import pMap from 'p-map';
import type { Anchor } from '../core/directory.ts';
import { InDoubtError, ThrottledError, TransientError, UnauthorizedError } from '../core/errors.ts';
import { failureOf, isUnreachable } from '../core/operation-failure.ts';
import type { Trouble } from '../core/quarantine.ts';
import type { Link } from '../core/link.ts';
import { asKept } from '../core/migration/sent-writes.ts';
import type { Exported, Operation, SentWrite, WriteWitness } from '../core/operation.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { ResolveReference } from '../ports/service-provider.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { OperationResult, SliceWork } from '../ports/slices.ts';
import type { ConnectionStore, CycleStore, LinkStore } from '../ports/stores.ts';
import { failed, MOST_ATTEMPTS, succeeded } from './settle-operation.ts';

type SliceOperation = SliceWork['operations'][number];

/** What sending needs of the ports: recording is the job's. */
export interface SlicePorts extends Pick<Ports, 'clock' | 'pace'> {
  readonly metrics: Pick<Metrics, 'operation' | 'memberships'>;
  readonly stores: {
    readonly links: Pick<LinkStore, 'find'>;
    readonly cycles: Pick<CycleStore, 'get'>;
    readonly connections: Pick<ConnectionStore, 'get'>;
  };
}

/** A mistaken run must stop within a moment, not a slice later: a cancel or pause is looked for this often while sending, in ms. */
const LOOK_MS = 500;

/** What a slice came to, beside the results of its operations. */
export interface SliceOutcome {
  readonly results: readonly OperationResult[];
  /** How long sending took, in ms, without the wait for its turn. */
  readonly sendingMs: number;
  /** The provider asked for a pause until then, ms since epoch. */
  readonly throttledUntil?: number;
  /** The provider refused the credential, or is down: nothing more may be sent. */
  readonly trouble?: Trouble;
}

/** Why the rest of a slice is put back unsent. */
interface Halt {
  throttledUntil?: number;
  trouble?: Trouble;
}

/** So many operations in a row without any answer are no chance any more; the rest of the slice is not sent to find out. */
const ROW_WITHOUT_ANSWER = 10;
/** A slice that got no answer at all says the same from so many operations on. */
const SLICE_WITHOUT_ANSWER = 3;

function unsent(item: SliceOperation, notBefore?: number): OperationResult {
  const base = { sequence: item.sequence, state: item.inDoubt ? 'in-doubt' : 'pending', attemptSpent: false } as const;
  return notBefore === undefined ? base : { ...base, notBefore };
}

/** Puts a whole slice back without sending anything, because its connection is paused or told to wait. */
export function putBack(work: SliceWork, notBefore?: number): SliceOutcome {
  return { results: work.operations.map((item) => unsent(item, notBefore)), sendingMs: 0 };
}

/** Users whose accounts an operation names, its own among them. */
function usersOf(operation: Operation): readonly Anchor[] {
  if (operation.kind === 'members') return operation.add;
  if (operation.resource === 'group') return [];
  if ('references' in operation) return [operation.anchor, ...operation.references.map(({ to }) => to)];
  return [operation.anchor];
}

/** Links of everything some operations name. */
export interface SliceLinks {
  readonly resolve: ResolveReference;
  /** The link of an operation's own subject. */
  readonly of: (operation: Operation) => Link | undefined;
}

/** Reads the links of operations at once: references are resolved when they are sent, not when planned. */
export async function readLinks(
  {
    connection,
    operations,
  }: { readonly connection: string; readonly operations: readonly Pick<SliceOperation, 'operation'>[] },
  links: Pick<LinkStore, 'find'>,
): Promise<SliceLinks> {
  const users = new Set<Anchor>();
  const ownGroups = new Set<Anchor>();
  for (const { operation } of operations) {
    for (const user of usersOf(operation)) users.add(user);
    if (operation.resource === 'group') ownGroups.add(operation.anchor);
  }
  const [accounts, groups] = await Promise.all([
    links.find(connection, 'account', [...users]),
    links.find(connection, 'group', [...ownGroups]),
  ]);
  return {
    resolve: (anchor) => living(accounts.get(anchor)) ?? living(groups.get(anchor)),
    of: ({ resource, anchor }) => (resource === 'account' ? accounts : groups).get(anchor),
  };
}

function living(link: Link | undefined): string | undefined {
  return link === undefined || link.state === 'deleted' ? undefined : link.resourceId;
}

/** Sends one operation, or settles it by reading first when its last answer was lost. The `witness` is a migration's. */
async function send(
  item: SliceOperation,
  connection: Connection,
  resolve: ResolveReference,
  signal: AbortSignal,
  witness: WriteWitness | undefined,
): Promise<Exported> {
  const { provider } = connection;
  if (item.inDoubt) {
    const settled = await provider.settle(item.operation, resolve, signal);
    if (settled !== undefined) return witness === undefined ? settled : { ...settled, settled: true };
  }
  if (witness === undefined) return provider.apply(item.operation, resolve, signal);
  return provider.apply(asOfMigration(item.operation), resolve, signal, witness);
}

/** A migration deletes only groups it has emptied: a throttled delete goes out long after the plan saw them empty. */
function asOfMigration(operation: Operation): Operation {
  const deletesGroup = operation.resource === 'group' && operation.kind === 'delete';
  return deletesGroup ? { ...operation, onlyEmpty: true } : operation;
}

/** Asks the store now and then whether a person wants no more to be sent; everybody waits for an answer that is under way. */
function lookForStop(
  { cycle, connection }: SliceWork,
  { stores, clock }: SlicePorts,
): (now: number) => Promise<boolean> {
  let lookedAt = clock.now();
  let stopped = Promise.resolve(false);
  const look = async () => {
    const [found, { pausedReason }] = await Promise.all([stores.cycles.get(cycle), stores.connections.get(connection)]);
    return found?.cancelRequested === true || pausedReason !== undefined;
  };
  return (now) => {
    if (now - lookedAt < LOOK_MS) return stopped;
    lookedAt = now;
    stopped = look();
    return stopped;
  };
}

function metricResource(operation: Operation): 'user' | 'group' | 'membership' {
  if (operation.kind === 'members') return 'membership';
  return operation.resource === 'account' ? 'user' : 'group';
}

/**
 * Sends the operations of one slice with bounded concurrency. Stops sending, and puts the rest back, when the provider
 * throttles, refuses the credential, or the process is asked to stop; what was sent is always accounted for.
 */
export async function exportSlice(
  work: SliceWork,
  connection: Connection,
  ports: SlicePorts,
  signal: AbortSignal,
  onTrial = false,
): Promise<SliceOutcome> {
  const links = await readLinks(work, ports.stores.links);
  const { profile } = connection.provider;
  const halt: Halt = {};
  const silence = listenForSilence();
  const isStopped = lookForStop(work, ports);
  // The journal of a migration tells every request; elsewhere the operation says enough, and is kept a million times.
  const recorded = work.ofMigration === true;
  const pass = await ports.pace.turn(work.connection);
  const beganAt = ports.clock.now();
  let left = work.operations.length;
  const one = async (item: SliceOperation): Promise<OperationResult> => {
    left -= 1;
    if (left === 0) pass();
    const startedAt = ports.clock.now();
    // The slice before may have been throttled while this one waited for its turn or began to send.
    const until = ports.pace.throttledUntil(work.connection, startedAt);
    if (until !== undefined) halt.throttledUntil = until;
    const stopped = signal.aborted || halt.trouble !== undefined || halt.throttledUntil !== undefined;
    if (stopped || (await isStopped(startedAt))) {
      return unsent(item, halt.throttledUntil);
    }
    const sent: SentWrite[] = [];
    const witness: WriteWitness | undefined = recorded ? (write) => sent.push(asKept(write)) : undefined;
    const result = await send(item, connection, links.resolve, signal, witness).then(
      (exported) => {
        silence.answered();
        return succeeded(item, exported, ports.clock.now() - startedAt, links.of(item.operation), profile);
      },
      (error: unknown) => {
        if (error instanceof UnauthorizedError)
          halt.trouble = { reason: 'credential-refused', cause: failureOf(error) };
        // A request that was broken off because we stop says nothing about the provider.
        if (!signal.aborted && isUnreachable(error)) silence.unanswered(item, error);
        else silence.answered();
        if (silence.row() >= ROW_WITHOUT_ANSWER) stopFor(halt, silence.trouble());
        const now = ports.clock.now();
        if (error instanceof ThrottledError && error.scope === 'connection') {
          halt.throttledUntil = now + error.retryAfterMs;
          ports.pace.throttle(work.connection, halt.throttledUntil);
        }
        const at = { durationMs: now - startedAt, now, plannedAt: work.plannedAt };
        return failed(item, error, { ...at, existing: links.of(item.operation) }, profile);
      },
    );
    count(ports, work.connection, item.operation, result, (ports.clock.now() - startedAt) / 1000);
    return recorded ? { ...result, sent } : result;
  };
  try {
    const results = await pMap(work.operations, one, { concurrency: connection.concurrency });
    const silent = silence.row() >= SLICE_WITHOUT_ANSWER || silence.leavesDoubt();
    if (silence.heard() === 0 && silent) stopFor(halt, silence.trouble());
    const sendingMs = ports.clock.now() - beganAt;
    // That the provider is down is not the objects' fault; on trial it is known to be up, and one that it fails on is told.
    const spared = halt.trouble?.reason === 'provider-down' && !onTrial;
    return { results: spared ? silence.spare(results) : results, sendingMs, ...halt };
  } finally {
    pass();
  }
}

/** The first trouble is the cause. */
function stopFor(halt: Halt, trouble: Trouble | undefined): void {
  if (halt.trouble === undefined && trouble !== undefined) halt.trouble = trouble;
}

/**
 * Counts how often in a row the provider gave no answer, and remembers whose operations those were. It leaves a doubt when one
 * that may have been carried out would be given up unread: what it made would be nobody's.
 */
function listenForSilence() {
  let answers = 0;
  let inRow = 0;
  let last: Trouble | undefined;
  let doubt = false;
  const unanswered = new Map<number, OperationResult>();
  return {
    answered() {
      answers += 1;
      inRow = 0;
    },
    unanswered(item: SliceOperation, error: InDoubtError | TransientError) {
      inRow += 1;
      last = { reason: 'provider-down', cause: failureOf(error) };
      const inDoubt = item.inDoubt || error instanceof InDoubtError;
      if (item.inDoubt && error instanceof TransientError && item.attempts + 1 >= MOST_ATTEMPTS) doubt = true;
      unanswered.set(item.sequence, {
        sequence: item.sequence,
        state: inDoubt ? 'in-doubt' : 'pending',
        attemptSpent: false,
      });
    },
    row: () => inRow,
    heard: () => answers,
    trouble: () => last,
    leavesDoubt: () => doubt,
    /** The results, with those that got no answer put back without an attempt spent. */
    spare: (results: readonly OperationResult[]) =>
      results.map((result): OperationResult => {
        const spared = unanswered.get(result.sequence);
        return spared === undefined || result.sent === undefined
          ? (spared ?? result)
          : { ...spared, sent: result.sent };
      }),
  };
}

/** What an attempt came to; undefined for what was not sent, or was told to wait. */
function attemptOutcome(result: OperationResult): 'success' | 'failure' | 'escrowed' | undefined {
  if (result.state === 'exported') return 'success';
  if (result.state === 'escrowed') return 'escrowed';
  return result.attemptSpent ? 'failure' : undefined;
}

function count(
  ports: SlicePorts,
  connection: string,
  operation: Operation,
  result: OperationResult,
  seconds: number,
): void {
  const outcome = attemptOutcome(result);
  if (outcome === undefined) return;
  const { metrics } = ports;
  metrics.operation(connection, metricResource(operation), operation.kind, outcome, seconds);
  if (operation.kind !== 'members' || result.state !== 'exported') return;
  const added = operation.add.length - (result.exported.unresolved?.length ?? 0);
  metrics.memberships(connection, 'added', Math.max(0, added));
  metrics.memberships(connection, 'removed', operation.remove.length);
}
