import { sql } from 'kysely';
import type { Operation } from '../../core/operation.ts';
import type { Plan } from '../../core/plan.ts';
import type { Verdict } from '../../core/verdict.ts';
import { inChunks } from './chunks.ts';
import type { Tx } from './tables.ts';

/** Operations written in one statement: large enough that statements do not count, small enough to stay in memory. */
const WRITE_CHUNK = 2_000;

const ANALYZE_FROM = 5_000;

/** The guard that holds each held operation, by operation key; the first guard that spoke counts. */
function holders(verdict: Verdict): ReadonlyMap<string, string> {
  const held = new Map<string, string>();
  for (const finding of verdict.findings) {
    if (finding.effect !== 'hold') continue;
    for (const key of finding.operations) if (!held.has(key)) held.set(key, finding.guard);
  }
  return held;
}

function resourceOf(operation: Operation): string {
  return `${operation.resource} ${operation.anchor}`;
}

/**
 * Who holds each operation of a plan, in plan order; null for those that may go. What comes after a held operation of
 * the same resource is held with it: it was planned on the assumption that the first had happened.
 */
export function heldBy(operations: readonly Operation[], verdict: Verdict): readonly (string | null)[] {
  const held = holders(verdict);
  if (held.size === 0) return operations.map(() => null);
  const stopped = new Map<string, string>();
  return operations.map((operation) => {
    const guard = held.get(operation.key) ?? stopped.get(resourceOf(operation));
    if (guard === undefined) return null;
    stopped.set(resourceOf(operation), guard);
    return guard;
  });
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

/** Writes the operations of a plan, numbered in plan order from 0. Held ones are settled as far as this cycle goes. */
export async function writeOperations(tx: Tx, cycle: string, plan: Plan, verdict: Verdict, now: number): Promise<void> {
  const guards = heldBy(plan.operations, verdict);
  const shared = sharedResources(plan.operations);
  let first = 0;
  for (const chunk of inChunks(plan.operations, WRITE_CHUNK)) {
    const rows = chunk.map((operation, index) => ({
      sequence: first + index,
      wave: operation.wave,
      resource: operation.resource,
      anchor: operation.anchor,
      held_by: guards[first + index] ?? null,
      shared: shared.has(resourceOf(operation)),
      body: JSON.stringify(operation),
    }));
    await sql`
      insert into headgate.operation (cycle, sequence, wave, resource, anchor, state, held_by, shared, settled_at, body)
      select ${cycle}, sequence, wave, resource, anchor,
             case when held_by is null then 'pending' else 'held' end, held_by, shared,
             case when held_by is null then null else ${now}::bigint end, body::json
      from json_to_recordset(${JSON.stringify(rows)}::json)
        as given (sequence integer, wave smallint, resource text, anchor text, held_by text, shared boolean,
                  body text)`.execute(tx);
    first += chunk.length;
  }
  // Nothing else tells the planner about rows that came in one go; the embedded database never analyzes by itself.
  if (first > ANALYZE_FROM) await sql`analyze headgate.operation`.execute(tx);
}
