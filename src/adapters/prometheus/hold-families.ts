import { Gauge, type Registry } from 'prom-client';
import { GUARDS } from '../../core/verdict.ts';
import type { HoldRecord } from '../../ports/hold-store.ts';
import type { CycleRecord } from '../../ports/stores.ts';
import { newestPlanned } from './store-reading.ts';

/**
 * Registers the gauges of what guards hold and for how long nobody has decided about it, every series at 0. Returns how to
 * show a connection's open holds and cycles.
 */
export function createHoldFamilies(
  registry: Registry,
  connections: readonly string[],
): (connection: string, holds: readonly HoldRecord[], cycles: readonly CycleRecord[], now: number) => void {
  const perGuard = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['connection', 'guard'], registers: [registry] });
  const operations = perGuard(
    'headgate_held_operations',
    'Operations of the newest plan a guard holds and nobody approved.',
  );
  const since = perGuard(
    'headgate_hold_waiting_since_timestamp_seconds',
    'Since when a hold waits for somebody to decide; 0 when none does.',
  );
  const off = perGuard('headgate_guard_off', '1 when the configuration of the newest plan switched the guard off.');
  const show = (
    connection: string,
    holds: readonly HoldRecord[],
    switchedOff: readonly string[],
    now: number,
  ): void => {
    for (const guard of GUARDS) {
      const hold = holds.find((one) => one.guard === guard);
      const approved = hold?.state === 'approved' && (hold.decision?.until ?? 0) > now;
      const waits = hold !== undefined && !approved;
      operations.set({ connection, guard }, waits ? hold.operations : 0);
      since.set({ connection, guard }, waits && hold.state !== 'rejected' ? hold.openedAt / 1000 : 0);
      off.set({ connection, guard }, switchedOff.includes(guard) ? 1 : 0);
    }
  };
  for (const connection of connections) show(connection, [], [], 0);
  return (connection, holds, cycles, now) => show(connection, holds, newestPlanned(cycles)?.verdict?.off ?? [], now);
}
