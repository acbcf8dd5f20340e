import { Gauge, type Registry } from 'prom-client';
import { GUARDS } from '../../core/verdict.ts';
import type { CycleRecord } from '../../ports/stores.ts';
import { ACTIONS } from './labels.ts';
import { newestPlanned } from './store-reading.ts';

/** Plans name what they do to the account of a user; the words of the store are `<resource>.<kind>`. */
const PLANNED = [
  ...ACTIONS.user.map((action) => `account.${action}`),
  ...[...ACTIONS.group, ...ACTIONS.membership].map((action) => `group.${action}`),
];

/**
 * Registers the gauges of the newest plan, read from the store so that every process shows the same and a restart
 * forgets nothing. Returns how to show the cycles of a connection, newest first.
 */
export function createPlanFamilies(
  registry: Registry,
  connections: readonly string[],
): (connection: string, cycles: readonly CycleRecord[]) => void {
  const operations = new Gauge({
    name: 'headgate_plan_operations',
    help: 'Operations of the newest plan, by resource and kind.',
    labelNames: ['connection', 'operation'],
    registers: [registry],
  });
  const blocked = new Gauge({
    name: 'headgate_gate_blocked',
    help: '1 while a guard holds operations of the newest plan; a refused plan is none.',
    labelNames: ['connection', 'gate'],
    registers: [registry],
  });
  const show = (connection: string, counts: Readonly<Record<string, number>>, blocking: ReadonlySet<string>): void => {
    for (const operation of new Set([...PLANNED, ...Object.keys(counts)])) {
      operations.set({ connection, operation }, counts[operation] ?? 0);
    }
    for (const gate of GUARDS) blocked.set({ connection, gate }, blocking.has(gate) ? 1 : 0);
  };
  for (const connection of connections) show(connection, {}, new Set());
  return (connection, cycles) => {
    const planned = newestPlanned(cycles);
    if (planned === undefined) return;
    const findings =
      planned.verdict?.findings.filter(({ effect, approved }) => effect !== 'warn' && approved === undefined) ?? [];
    const blocking = findings.map(({ guard }) => guard);
    show(connection, planned.planCounts?.operations ?? {}, new Set(blocking));
  };
}
