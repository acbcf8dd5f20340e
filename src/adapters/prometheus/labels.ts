import { CYCLE_KINDS, SCHEDULED_KINDS, type CycleKind, type CycleResult } from '../../core/cycle.ts';
import type { Metrics } from '../../ports/metrics.ts';

/** Every value a label can take, so that each series exists from the start at 0 and an alert never meets a missing one. */
export const CYCLE_TYPES: readonly CycleType[] = CYCLE_KINDS.map(cycleTypeOf);
/** Those a clock can start. */
export const SCHEDULED_TYPES: readonly CycleType[] = SCHEDULED_KINDS;
export const OUTCOMES = [
  'succeeded',
  'held',
  'entry_level_errors',
  'failed',
  'refused',
  'cancelled',
] as const satisfies readonly Outcome[];
export const PHASES = ['import', 'plan', 'export'] as const satisfies readonly Phase[];
export const SKIP_REASONS = ['overlap', 'paused', 'quarantine', 'throttled'] as const satisfies readonly SkipReason[];
export const RETRY_REASONS = ['throttled', 'network', 'server'] as const satisfies readonly RetryReason[];
export const APIS = ['graph', 'scim'] as const;
export const OPERATION_OUTCOMES = ['success', 'failure', 'escrowed'] as const;
export const MEMBERSHIP_CHANGES = ['added', 'removed'] as const;

/** What can be done to each kind of resource, in the words of the plan. */
export const ACTIONS = {
  user: ['create', 'update', 'reactivate', 'link', 'disable', 'delete'],
  group: ['create', 'update', 'link', 'delete'],
  membership: ['members'],
} as const;

/** The answers an alert asks for, by method; any other code appears when it is first met. */
export const EXPECTED_CODES = {
  graph: { GET: ['200', '401', '403', '404', '429', '503', 'error'], POST: ['200', '429', '503', 'error'] },
  scim: {
    GET: ['200', '401', '404', '429', '500', 'error'],
    POST: ['201', '401', '409', '429', '500', 'error'],
    PATCH: ['200', '204', '401', '404', '429', '500', 'error'],
    PUT: ['200', '401', '404', '429', '500', 'error'],
    DELETE: ['204', '401', '404', '429', '500', 'error'],
  },
} as const;

/** The kind of a cycle, written as metric labels are. */
export type CycleType = Exclude<CycleKind, 'on-demand'> | 'on_demand';

/** Graph's spelling of a cycle's result: underscores, as metric labels are written. */
export type Outcome = 'succeeded' | 'held' | 'entry_level_errors' | 'failed' | 'refused' | 'cancelled';
type Phase = Parameters<Metrics['cyclePhase']>[2];
type SkipReason = Parameters<Metrics['cycleSkipped']>[1];
type RetryReason = Parameters<Metrics['retry']>[2];

/** The `cycle_type` label of a cycle's kind. */
export function cycleTypeOf(kind: CycleKind): CycleType {
  return kind === 'on-demand' ? 'on_demand' : kind;
}

/** The `outcome` label of a cycle's result. */
export function outcomeOf(result: CycleResult): Outcome {
  return result === 'entry-level-errors' ? 'entry_level_errors' : result;
}

/** The connections an API is called for. The directory is not called on behalf of any one of them. */
export function connectionsOf(api: (typeof APIS)[number], connections: readonly string[]): readonly string[] {
  return api === 'graph' ? [''] : connections;
}
