import type { CycleResult } from '../core/cycle.ts';
import { provesCredential } from '../core/rotation.ts';
import type { Ports } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';
import type { CycleRecord, CycleStore } from '../ports/stores.ts';
import { proveCredential } from './credentials/prove-credential.ts';
import { proveHealthy } from './quarantine-connection.ts';

/**
 * Closes a cycle once, and tells metrics and log once, however many nudges lead here. What its end proves is remembered
 * before anybody can see that it ended: who waits for the end acts on the proof, and a crash in between loses nothing.
 */
export async function closeCycle(
  ports: Ports,
  cycle: CycleRecord,
  result: CycleResult,
  log: Log,
  given?: CycleRecord['failure'],
  details?: Parameters<CycleStore['close']>[3],
): Promise<void> {
  const cancelled = result === 'cancelled' && cycle.cancelReason !== undefined;
  const failure = given ?? (cancelled ? { message: cycle.cancelReason } : undefined);
  await rememberProof(ports, cycle, result, log);
  const closed = await ports.stores.cycles.close(cycle.id, result, failure, details);
  if (!closed) return;
  const now = ports.clock.now();
  const seconds = (now - cycle.createdAt) / 1000;
  if (cycle.plannedAt !== undefined) {
    ports.metrics.cyclePhase(cycle.connection, cycle.kind, 'export', (now - cycle.plannedAt) / 1000);
  }
  ports.metrics.cycleClosed(cycle.connection, cycle.kind, result, seconds, now);
  const fields = { result, seconds, counts: await ports.stores.cycles.counts(cycle.id), ...failure };
  if (result === 'failed' || result === 'refused') log.error(fields, 'cycle closed without success');
  else log.info(fields, 'cycle closed');
}

async function rememberProof(ports: Ports, cycle: CycleRecord, result: CycleResult, log: Log): Promise<void> {
  const healthy = result === 'succeeded' || result === 'entry-level-errors';
  if (!healthy && !provesCredential(result)) return;
  const found = await ports.stores.cycles.get(cycle.id);
  if (found?.phase === 'closed') return;
  if (provesCredential(result)) await proveCredential(ports, cycle);
  if (!healthy) return;
  const { quarantine } = await ports.stores.connections.get(cycle.connection);
  if (quarantine !== undefined) await proveHealthy(cycle.connection, 'cycle', ports, log);
}
