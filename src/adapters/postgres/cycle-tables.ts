import type { ColumnType, Generated } from 'kysely';
import type { Baseline } from '../../core/baseline.ts';
import type { CycleKind, CyclePhase, CycleResult, CycleSubject } from '../../core/cycle.ts';
import type { CycleMigration } from '../../core/migration/migration.ts';
import type { Exported, Operation, OperationState, SentWrite, Wave } from '../../core/operation.ts';
import type { Notice, PlanCounts } from '../../core/plan.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { CycleRecord, OperationRecord } from '../../ports/stores.ts';
import type { Int8, Json, NullableInt8 } from './column-types.ts';

export interface CycleTable {
  readonly number: Generated<string>;
  readonly id: string;
  readonly connection: string;
  readonly kind: ColumnType<CycleKind>;
  readonly phase: CyclePhase;
  readonly requested_by: string;
  readonly created_at: Int8;
  readonly planned_at: NullableInt8;
  readonly closed_at: NullableInt8;
  readonly expected_digest: string | null;
  readonly plan_digest: string | null;
  readonly planned_under: Generated<string | null>;
  readonly everything: Generated<string | null>;
  readonly plan_counts: Json<PlanCounts>;
  readonly notices: Json<readonly Notice[]>;
  readonly verdict: Json<Verdict>;
  readonly cancel_requested: Generated<boolean>;
  readonly cancel_reason: Generated<string | null>;
  readonly result: CycleResult | null;
  readonly failure: Json<NonNullable<CycleRecord['failure']>>;
  readonly progress: Json<NonNullable<CycleRecord['progress']>>;
  readonly attempts: Generated<number>;
  readonly lease_worker: string | null;
  readonly lease_until: NullableInt8;
  readonly slices_cut: Generated<number>;
  readonly staged: Json<Baseline>;
  readonly put_aside: Generated<number>;
  readonly migration: Json<CycleMigration>;
  readonly subject: Json<CycleSubject>;
}

export interface BaselineTable {
  readonly connection: string;
  readonly cycle: string;
  readonly body: ColumnType<Baseline, string, string>;
}

export interface SliceTable {
  readonly id: string;
  readonly cycle: string;
  readonly wave: Wave;
  readonly worker: string | null;
  readonly lease_until: NullableInt8;
  readonly starts: Generated<number>;
  readonly sequences: readonly number[];
  /** How many of them nobody may have sent before it was started. */
  readonly fresh: number;
}

export interface OperationTable {
  readonly cycle: string;
  readonly sequence: number;
  readonly wave: Wave;
  readonly resource: 'account' | 'group';
  readonly anchor: string;
  readonly state: OperationState;
  readonly held_by: string | null;
  /** Whether its resource has another operation in the same cycle. */
  readonly shared: Generated<boolean>;
  /** Holds whose approvals let it through. */
  readonly approvals: readonly string[] | null;
  readonly attempts: Generated<number>;
  readonly not_before: NullableInt8;
  readonly settled_at: NullableInt8;
  readonly duration_ms: number | null;
  readonly body: ColumnType<Operation, string, never>;
  readonly exported: Json<Exported>;
  readonly failure: Json<NonNullable<OperationRecord['failure']>>;
  /** Every write of its attempts, in the cycles of migrations. */
  readonly sent: Json<readonly SentWrite[]>;
}

/** The view of operations in the state they are in now; `stored_state` is the one the indexes know. */
export interface SeenOperationView extends Pick<
  OperationTable,
  | 'cycle'
  | 'sequence'
  | 'anchor'
  | 'attempts'
  | 'held_by'
  | 'approvals'
  | 'settled_at'
  | 'body'
  | 'exported'
  | 'failure'
  | 'sent'
  | 'state'
> {
  readonly stored_state: OperationState;
}
