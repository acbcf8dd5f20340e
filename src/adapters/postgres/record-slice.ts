import { sql } from 'kysely';
import type { Link } from '../../core/link.ts';
import type { OperationState } from '../../core/operation.ts';
import type { OperationResult } from '../../ports/slices.ts';
import { lockCycleOfSlice } from './cycle-rows.ts';
import { dropLinks, forgetMemberships, writeLinks } from './link-store.ts';
import type { LockedCycle } from './rows.ts';
import type { Tx } from './tables.ts';

/** What does not apply is left out, and is null in the row. */
interface Outcome {
  readonly sequence: number;
  readonly state: OperationState;
  readonly attempts: number;
  readonly not_before: number | undefined;
  readonly settled_at: number | undefined;
  readonly duration_ms: number | undefined;
  readonly exported: string | undefined;
  readonly failure: string | undefined;
  readonly sent: string | undefined;
}

/**
 * Records what became of a slice's operations and writes the links that follow, then forgets the slice. False when it
 * was recorded before or its lease was taken or released: the results are then not to be trusted over what the next
 * worker reads. A lease that merely ran out is no loss as long as nobody else has started the slice.
 */
export async function recordResults(
  tx: Tx,
  id: string,
  worker: string,
  results: readonly OperationResult[],
  now: number,
): Promise<boolean> {
  const cycle = await lockCycleOfSlice(tx, id);
  if (cycle === undefined) return false;
  const slice = await tx.selectFrom('headgate.slice').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  if (slice?.worker !== worker || Number(slice.lease_until ?? 0) === 0) return false;
  refuseForeign(id, slice.sequences, results);
  await writeResults(tx, cycle, results, now);
  await doubtTheRest(tx, cycle.number, slice.sequences, results);
  await tx.deleteFrom('headgate.slice').where('id', '=', id).execute();
  return true;
}

/** Writes what became of operations, and what follows from it for the links. The cycle is locked. */
export async function writeResults(
  tx: Tx,
  cycle: LockedCycle,
  results: readonly OperationResult[],
  now: number,
): Promise<void> {
  await writeOutcomes(
    tx,
    cycle.number,
    results.map((result) => outcomeOf(result, cycle, now)),
  );
  await writeLinks(tx, cycle.connection, latestLinks(results));
  const gone = await readDropped(tx, cycle.number, results);
  await dropLinks(tx, cycle.connection, gone);
  await forgetMemberships(tx, cycle.connection, withoutMemberships(results, gone));
}

/** In a closed cycle nothing will be sent again: what would have waited is cancelled. */
function outcomeOf(result: OperationResult, cycle: LockedCycle, now: number): Outcome {
  const state = result.state === 'pending' && cycle.phase === 'closed' ? 'cancelled' : result.state;
  const waits = state === 'pending' || state === 'in-doubt';
  return {
    sequence: result.sequence,
    state,
    attempts: 'attemptSpent' in result && !result.attemptSpent ? 0 : 1,
    not_before: waits && 'notBefore' in result ? result.notBefore : undefined,
    settled_at: waits && cycle.phase !== 'closed' ? undefined : now,
    duration_ms: 'durationMs' in result && result.durationMs !== undefined ? Math.round(result.durationMs) : undefined,
    exported: result.state === 'exported' ? JSON.stringify(result.exported) : undefined,
    failure: failureOf(result),
    sent: result.sent === undefined ? undefined : JSON.stringify(result.sent),
  };
}

function failureOf(result: OperationResult): string | undefined {
  if (result.state === 'escrowed') return JSON.stringify(result.failure);
  return 'waitsFor' in result && result.waitsFor !== undefined ? JSON.stringify(result.waitsFor) : undefined;
}

type Subject = Pick<Link, 'resource' | 'anchor'>;

/** Throws when a result is not of this slice: whatever it says, it was not this slice's to say. */
function refuseForeign(id: string, sequences: readonly number[], results: readonly OperationResult[]): void {
  const own = new Set(sequences);
  const foreign = results.filter(({ sequence }) => !own.has(sequence)).length;
  if (foreign > 0) throw new Error(`slice ${id}: ${foreign} of ${results.length} results are not of its operations`);
}

/** What was sent is added to what earlier attempts sent, as text: a body is kept to the byte. */
async function writeOutcomes(tx: Tx, cycle: string, outcomes: readonly Outcome[]): Promise<void> {
  await sql`
    update headgate.operation as operation
    set state = given.state, attempts = operation.attempts + given.attempts, not_before = given.not_before,
        settled_at = given.settled_at, duration_ms = given.duration_ms, exported = given.exported::json,
        failure = given.failure::json, sent = case
          when given.sent is null or (given.sent = '[]' and operation.sent is not null) then operation.sent
          when operation.sent is null or operation.sent::text = '[]' then given.sent::json
          else (left(operation.sent::text, -1) || ',' || substr(given.sent, 2))::json end
    from json_to_recordset(${JSON.stringify(outcomes)}::json) as given (
      sequence integer, state text, attempts integer, not_before bigint, settled_at bigint, duration_ms integer,
      exported text, failure text, sent text)
    where operation.cycle = ${cycle} and operation.sequence = given.sequence`.execute(tx);
}

/** One link per resource: a later result of the same slice stands. */
function latestLinks(results: readonly OperationResult[]): readonly Link[] {
  const links = new Map<string, Link>();
  for (const result of results) {
    if (result.state === 'exported' && result.link !== undefined) {
      links.set(`${result.link.resource} ${result.link.anchor}`, result.link);
    }
  }
  return [...links.values()];
}

/** Resources that turned out not to be there. */
async function readDropped(tx: Tx, cycle: string, results: readonly OperationResult[]): Promise<readonly Subject[]> {
  const sequences = results
    .filter((result) => result.state === 'escrowed' && result.dropLink === true)
    .map(({ sequence }) => sequence);
  if (sequences.length === 0) return [];
  return tx
    .selectFrom('headgate.operation')
    .select(['resource', 'anchor'])
    .where('cycle', '=', cycle)
    .where('sequence', '=', sql<number>`any(${sequences}::integer[])`)
    .execute();
}

/** Users whose account is not the one groups were seen to hold. */
function withoutMemberships(results: readonly OperationResult[], gone: readonly Subject[]): readonly string[] {
  const replaced = results.flatMap((result) =>
    result.state === 'exported' && result.replaces === true && result.link !== undefined ? [result.link.anchor] : [],
  );
  return [...replaced, ...gone.flatMap(({ resource, anchor }) => (resource === 'account' ? [anchor] : []))];
}

/** Operations of a started slice that nobody reported on may have been sent. */
async function doubtTheRest(
  tx: Tx,
  cycle: string,
  sequences: readonly number[],
  results: readonly OperationResult[],
): Promise<void> {
  const reported = new Set(results.map(({ sequence }) => sequence));
  await doubt(
    tx,
    cycle,
    sequences.filter((sequence) => !reported.has(sequence)),
  );
}

/** Puts operations in doubt whose answers nobody will report. */
export async function doubt(tx: Tx, cycle: string, sequences: readonly number[]): Promise<void> {
  if (sequences.length === 0) return;
  await tx
    .updateTable('headgate.operation')
    .set({ state: 'in-doubt' })
    .where('cycle', '=', cycle)
    .where('sequence', '=', sql<number>`any(${sequences}::integer[])`)
    .where('state', '=', 'pending')
    .execute();
}
