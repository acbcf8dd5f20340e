import { Counter, Histogram, type Registry } from 'prom-client';
import type { Metrics } from '../../ports/metrics.ts';
import { ACTIONS, MEMBERSHIP_CHANGES, OPERATION_OUTCOMES } from './labels.ts';

const BY_ACTION = ['connection', 'resource', 'action'] as const;

/** Half a minute to a week: the next incremental cycle, or a removal that waited for an approval. */
const LEAVER_BUCKETS = [30, 60, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 172_800, 604_800];

/** Registers the families of single operations sent to service providers, every series at 0. */
export function createOperationFamilies(
  registry: Registry,
  connections: readonly string[],
): Pick<Metrics, 'operation' | 'memberships' | 'leaver'> {
  const operations = new Counter({
    name: 'headgate_operations_total',
    help: 'Attempts at operations, by what became of them; after a failure the operation is tried again.',
    labelNames: [...BY_ACTION, 'outcome'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'headgate_operation_duration_seconds',
    help: 'Time of one operation, all its requests together.',
    labelNames: BY_ACTION,
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [registry],
  });
  const memberships = new Counter({
    name: 'headgate_memberships_total',
    help: 'Members put into SCIM groups and taken out of them.',
    labelNames: ['connection', 'change'],
    registers: [registry],
  });
  const leavers = new Histogram({
    name: 'headgate_leaver_latency_seconds',
    help: 'From the last read of the directory that did not show that a user left to the disabled or deleted account.',
    labelNames: ['connection'],
    buckets: LEAVER_BUCKETS,
    registers: [registry],
  });
  for (const connection of connections) {
    leavers.zero({ connection });
    for (const change of MEMBERSHIP_CHANGES) memberships.inc({ connection, change }, 0);
    for (const [resource, actions] of Object.entries(ACTIONS)) {
      for (const action of actions) {
        duration.zero({ connection, resource, action });
        for (const outcome of OPERATION_OUTCOMES) operations.inc({ connection, resource, action, outcome }, 0);
      }
    }
  }
  return {
    operation: (connection, resource, action, outcome, seconds) => {
      operations.inc({ connection, resource, action, outcome });
      duration.observe({ connection, resource, action }, seconds);
    },
    memberships: (connection, change, count) => memberships.inc({ connection, change }, count),
    leaver: (connection, seconds) => leavers.observe({ connection }, seconds),
  };
}
