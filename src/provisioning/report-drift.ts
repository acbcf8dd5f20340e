import { countDrift, listDrift, type DriftReport } from '../core/drift.ts';
import { leaveDrift } from '../core/planning/leave-drift.ts';
import type { Connection } from '../ports/index.ts';
import type { CycleRecord } from '../ports/stores.ts';
import type { PreparedCycle } from './prepare-cycle.ts';

/** The report of what a prepared cycle found changed by hand; undefined when it did not look for that. */
export function driftReport(
  cycle: Pick<CycleRecord, 'id' | 'connection'>,
  { rules }: Pick<Connection, 'rules'>,
  { plan, drift, doubts }: Pick<PreparedCycle, 'plan' | 'drift' | 'doubts'>,
  at: number,
): DriftReport | undefined {
  if (drift === undefined) return undefined;
  return {
    connection: cycle.connection,
    cycle: cycle.id,
    at,
    policy: rules.drift,
    counts: countDrift(drift.findings),
    findings: listDrift(drift.findings),
    pending: leaveDrift(plan.operations, drift).length,
    doubts,
  };
}
