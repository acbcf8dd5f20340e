import type { ExactRequest } from '../core/migration/journal.ts';
import type { MigrationGate, MigrationKind, MigrationOptions } from '../core/migration/migration.ts';
import type { MigrationVerb } from '../core/migration/permitted.ts';
import type { Assumption, Rehearsal } from '../core/migration/rehearsal.ts';
import type { MigrationReport } from '../core/migration/report.ts';
import type { Survey, SurveyFinding } from '../core/migration/survey.ts';
import type { MigrationView } from '../core/migration/view.ts';
import type { WhatIf } from '../core/whatif.ts';
import type { ReadProgress } from './directory-source.ts';

export interface MigrationAsk {
  readonly connection: string;
  readonly kind: MigrationKind;
  /** Directory groups by object id or by name; all for `disable-scim` when empty. */
  readonly groups: readonly string[];
  readonly options: MigrationOptions;
}

export interface MigrationStart extends MigrationAsk {
  readonly requestedBy: string;
}

export interface RehearsalAsk extends MigrationAsk {
  /** What the provider may do beyond what its profile says. */
  readonly assume: readonly Assumption[];
}

/** What a migration would do. Nothing is written anywhere. */
export interface MigrationPlan {
  readonly survey: Survey;
  /** Findings that stand in the way of a start with these options. */
  readonly obstacles: readonly SurveyFinding[];
  /** Who would lose access if the groups were unassigned right now, without a migration. */
  readonly whatIf: WhatIf;
  /** Every request, as it would be sent, step by step. */
  readonly requests: readonly { readonly step: string; readonly what: string; readonly request: ExactRequest }[];
}

/** What people and scripts can ask of migrations. A connection's open migration is meant, or its last one. */
export interface MigrationOperator {
  whatIf(connection: string, groups: readonly string[], signal: AbortSignal): Promise<WhatIf>;
  planMigration(ask: MigrationAsk, progress: ReadProgress, signal: AbortSignal): Promise<MigrationPlan>;
  /** RefusedError when something stands in the way, or a migration is open. */
  startMigration(start: MigrationStart, progress: ReadProgress, signal: AbortSignal): Promise<MigrationView>;
  migrationStatus(connection: string): Promise<MigrationView>;
  /** `digest` may be its beginning. Without it what the gate is about now is approved: say it only after looking. */
  approveMigration(approval: {
    readonly connection: string;
    readonly gate: MigrationGate;
    readonly digest?: string;
    readonly by: string;
  }): Promise<MigrationView>;
  actOnMigration(action: {
    readonly connection: string;
    readonly verb: Exclude<MigrationVerb, 'approve'>;
    readonly by: string;
    readonly reason?: string;
  }): Promise<MigrationView>;
  migrationReport(connection: string): Promise<MigrationReport>;
  /**
   * Copies what is really there, reading only, into a sandbox inside this process and carries the whole migration out
   * there. Nothing is written to the directory, the provider or the state store. RefusedError while another one runs.
   */
  rehearseMigration(ask: RehearsalAsk, progress: ReadProgress, signal: AbortSignal): Promise<Rehearsal>;
}
