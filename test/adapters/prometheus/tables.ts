import type { CycleResult } from '../../../src/core/cycle.ts';

/** How a cycle ends, and the label it counts under. */
export const CYCLE_RESULTS_AND_LABELS: readonly (readonly [CycleResult, string])[] = [
  ['succeeded', 'succeeded'],
  ['entry-level-errors', 'entry_level_errors'],
  ['failed', 'failed'],
  ['refused', 'refused'],
  ['cancelled', 'cancelled'],
];
