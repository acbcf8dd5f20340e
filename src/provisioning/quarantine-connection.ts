import {
  afterProof,
  afterTrouble,
  DEFAULT_PROBES,
  isQuarantined,
  type Health,
  type Trouble,
} from '../core/quarantine.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';

/**
 * What concerns everybody stops everybody, at once: puts the connection in quarantine, says so with what to do, and sets the
 * alarm for the first probe.
 */
export async function quarantineConnection(
  connection: Connection,
  trouble: Trouble,
  ports: Ports,
  log: Log,
): Promise<void> {
  const { name } = connection.rules;
  const now = ports.clock.now();
  const { before, after } = await ports.stores.connections.changeHealth(name, (health) =>
    afterTrouble(health, trouble, now, connection.probes ?? DEFAULT_PROBES),
  );
  if (before === after || !isQuarantined(after)) return;
  const { code, message, status, requestId, remedy } = after.cause;
  log.error(
    { reason: after.reason, code, status, requestId, remedy, nextProbeAt: new Date(after.nextProbeAt).toISOString() },
    `the connection is in quarantine: ${message}`,
  );
  await probeAt(name, after, ports);
}

/** Sets the alarm for the next probe. Should it be lost, the sweeper looks too. */
export async function probeAt(connection: string, health: Health, ports: Ports): Promise<void> {
  if (!isQuarantined(health)) return;
  const delayMs = Math.max(1, health.nextProbeAt - ports.clock.now());
  await ports.queue.enqueue('probe-connection', { connection }, { delayMs });
}

/** What worked while the connection was on trial may prove it healthy. */
export async function proveHealthy(
  connection: string,
  proof: 'write' | 'cycle',
  ports: Pick<Ports, 'stores' | 'clock'>,
  log: Log,
): Promise<void> {
  const now = ports.clock.now();
  const { before, after } = await ports.stores.connections.changeHealth(connection, (health) =>
    afterProof(health, proof, now),
  );
  if (before !== after) log.info({ proof }, 'the connection has recovered');
}
