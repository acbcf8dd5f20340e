import { digestOf } from '../core/plan.ts';
import { rulesDigest } from '../core/planning/plan-cycle.ts';
import type { Connection } from '../ports/index.ts';

/**
 * What an incremental cycle depends on beside what it reads: rules, profile, the provider's address and the directory's
 * tenant. With any of them changed only a full cycle, through its guards, says what is to be done.
 */
export function connectionDigest({ rules, provider, target, tenant }: Connection): string {
  return digestOf([rulesDigest(rules, provider.profile), target, tenant]);
}

/**
 * Why nothing more of a plan may be sent: what it would do may be what another configuration forbids, or be meant for
 * another provider. Undefined while the connection is what the plan was made under, or that is not known.
 */
export function outdatedReason(plannedUnder: string | undefined, connection: Connection): string | undefined {
  if (plannedUnder === undefined || plannedUnder === connectionDigest(connection)) return undefined;
  return `the configuration of connection ${connection.rules.name} changed since the plan was made; the next cycle plans anew`;
}
