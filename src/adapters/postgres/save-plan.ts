import { sql } from 'kysely';
import type { Operation } from '../../core/operation.ts';
import type { OperationFailure } from '../../core/operation-failure.ts';
import type { Plan } from '../../core/plan.ts';
import type { Verdict } from '../../core/verdict.ts';
import { withhold } from '../../core/withhold.ts';
import { inChunks } from './chunks.ts';
import type { Tx } from './tables.ts';

/** Operations written in one statement: large enough that statements do not count, small enough to stay in memory. */
const WRITE_CHUNK = 2_000;

const ANALYZE_FROM = 5_000;

function resourceOf(operation: Operation): string {
  return `${operation.resource} ${operation.anchor}`;
}

/** Resources with more than one operation: only there must the exporter look for an earlier one. */
function sharedResources(operations: readonly Operation[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(
    operations.map(resourceOf).filter((resource) => {
      const again = seen.has(resource);
      seen.add(resource);
      return again;
    }),
  );
}

function failureText(failure: OperationFailure | undefined): string | null {
  return failure === undefined ? null : JSON.stringify(failure);
}

/** A plan to be stored. */
export interface PlanToWrite {
  readonly plan: Plan;
  readonly verdict: Verdict;
  /** Operations put aside, by key, with why. */
  readonly aside: ReadonlyMap<string, OperationFailure> | undefined;
  /** Ms since the epoch. */
  readonly now: number;
}

/**
 * Writes the operations of a plan, numbered in plan order from 0, as far as the guards let them go. Held ones and those put aside are settled as far as this
 * cycle goes; what is held is not in escrow at the same time.
 */
export async function writeOperations(
  tx: Tx,
  cycle: string,
  { plan, verdict, aside, now }: PlanToWrite,
): Promise<{ readonly putAside: number }> {
  let putAside = 0;
  const withheld = withhold(plan.operations, verdict);
  const shared = sharedResources(plan.operations);
  let first = 0;
  for (const chunk of inChunks(withheld, WRITE_CHUNK)) {
    const rows = chunk.map(({ operation, guard, approvals }, index) => ({
      sequence: first + index,
      wave: operation.wave,
      resource: operation.resource,
      anchor: operation.anchor,
      held_by: guard,
      approvals: approvals.length === 0 ? null : approvals,
      shared: shared.has(resourceOf(operation)),
      failure: guard === null ? failureText(aside?.get(operation.key)) : null,
      // As text, here and wherever a body is handed over: json_to_recordset refuses a NUL character inside a json column.
      body: JSON.stringify(operation),
    }));
    putAside += rows.filter(({ failure }) => failure !== null).length;
    await sql`
      insert into headgate.operation
        (cycle, sequence, wave, resource, anchor, state, held_by, approvals, shared, settled_at, failure, body)
      select ${cycle}, sequence, wave, resource, anchor,
             case when held_by is not null then 'held' when failure is not null then 'escrowed' else 'pending' end,
             held_by, approvals, shared,
             case when held_by is null and failure is null then null else ${now}::bigint end, failure::json, body::json
      from json_to_recordset(${JSON.stringify(rows)}::json)
        as given (sequence integer, wave smallint, resource text, anchor text, held_by text, approvals text[],
                  shared boolean, failure text, body text)`.execute(tx);
    first += chunk.length;
  }
  // Nothing else tells the planner about rows that came in one go; the embedded database never analyzes by itself.
  if (first > ANALYZE_FROM) await sql`analyze headgate.operation`.execute(tx);
  return { putAside };
}
