import type { DriftKind, DriftReport } from '../core/drift.ts';

/** The newest report of what was changed by hand at the provider, for each connection. */
export interface DriftStore {
  /** Replaces the report of its connection. */
  save(report: DriftReport): Promise<void>;
  /** Undefined before the first audit. */
  last(connection: string): Promise<DriftReport | undefined>;
  /** Findings of the newest report by kind, without the findings themselves; undefined before the first. */
  counts(connection: string): Promise<Readonly<Record<DriftKind, number>> | undefined>;
}
