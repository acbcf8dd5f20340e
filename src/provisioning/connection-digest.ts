import { digestOf } from '../core/plan.ts';
import { rulesDigest } from '../core/planning/plan-cycle.ts';
import type { Connection } from '../ports/index.ts';

/**
 * What an incremental cycle depends on beside what it reads: rules, profile and the provider's address. With any of them
 * changed only a full cycle, through its guards, says what is to be done.
 */
export function connectionDigest({ rules, provider, target }: Connection): string {
  return digestOf([rulesDigest(rules, provider.profile), target]);
}
