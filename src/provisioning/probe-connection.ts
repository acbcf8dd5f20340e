import { HeadgateError, ThrottledError, UnauthorizedError } from '../core/errors.ts';
import { failureOf } from '../core/operation-failure.ts';
import { afterProbe, claimProbe, DEFAULT_PROBES, isQuarantined, type Health } from '../core/quarantine.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';
import { probeAt } from './quarantine-connection.ts';

/** Nobody else probes for so long after somebody began. */
const CLAIM_MS = 150_000;

/**
 * Asks the provider of a connection in quarantine once whether it is well again, when it is time to. One request and no
 * more: a credential that is refused must not be tried until its owner is locked out.
 */
export async function probeConnection(
  connection: Connection,
  ports: Ports,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { name } = connection.rules;
  const { connections, cycles } = ports.stores;
  const now = ports.clock.now();
  const claim = await connections.changeHealth(name, (health) => claimProbe(health, now, now + CLAIM_MS));
  if (claim.before === claim.after) return probeAt(name, claim.after, ports);
  const outcome = await askOnce(connection, signal);
  if (signal.aborted) {
    // The process stops: the answer says nothing, and the next process asks at once.
    await connections.changeHealth(name, (health) =>
      isQuarantined(health) ? { ...health, nextProbeAt: now } : health,
    );
    return undefined;
  }
  const { after } = await connections.changeHealth(name, (health) =>
    afterProbe(health, outcome, ports.clock.now(), connection.probes ?? DEFAULT_PROBES),
  );
  tell(after, log);
  if (isQuarantined(after)) return probeAt(name, after, ports);
  const open = await cycles.openCycle(name);
  if (open !== undefined) await ports.queue.enqueue('advance-cycle', { cycle: open.id });
  return undefined;
}

async function askOnce(connection: Connection, signal: AbortSignal): Promise<Parameters<typeof afterProbe>[1]> {
  try {
    await connection.provider.ping(signal);
    return 'answered';
  } catch (error) {
    if (error instanceof ThrottledError) return { waitMs: error.retryAfterMs };
    if (!(error instanceof HeadgateError)) throw error;
    const reason = error instanceof UnauthorizedError ? 'credential-refused' : 'provider-down';
    return { reason, cause: failureOf(error) };
  }
}

function tell(health: Health, log: Log): void {
  if (health.state === 'healthy') return;
  const { reason, probes, nextProbeAt } = health;
  if (health.state === 'half-open') log.info({ reason, probes }, 'the provider answered the probe; a trial follows');
  else
    log.warn(
      { reason, probes, nextProbeAt: new Date(nextProbeAt).toISOString() },
      'the probe failed; the next is later',
    );
}
