import { type HeadgateError, ThrottledError, UnauthorizedError } from '../core/errors.ts';
import { failureOf, isUnreachable } from '../core/operation-failure.ts';
import type { QuarantineReason } from '../core/quarantine.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';
import { quarantineConnection } from './quarantine-connection.ts';

/** With this one so many cycles in a row failed. */
const FAILED_CYCLES = 3;

/**
 * After a cycle that could not read the service provider: whether that concerns the connection. A credential that is
 * refused, or no answer, does so at once; anything else when it happens again and again. One that asks to wait is well.
 */
export async function judgeReading(
  connection: Connection,
  error: HeadgateError,
  ports: Ports,
  log: Log,
): Promise<void> {
  const { name } = connection.rules;
  // The directory is nothing a connection could be quarantined for.
  if (error.facts.connection !== name) return;
  if (error instanceof ThrottledError) {
    const until = ports.clock.now() + error.retryAfterMs;
    log.info({ until: new Date(until).toISOString() }, 'the provider asked for a pause');
    return ports.stores.connections.throttle(name, until);
  }
  const reason = await reasonOf(name, error, ports);
  if (reason === undefined) return;
  await quarantineConnection(connection, { reason, cause: failureOf(error) }, ports, log);
}

async function reasonOf(
  connection: string,
  error: HeadgateError,
  { stores: { cycles, connections } }: Ports,
): Promise<QuarantineReason | undefined> {
  if (error instanceof UnauthorizedError) return 'credential-refused';
  if (isUnreachable(error)) return 'provider-down';
  if ((await connections.get(connection)).quarantine !== undefined) return 'repeated-cycle-failures';
  const before = (await cycles.list({ connection, limit: FAILED_CYCLES + 1 })).filter(
    ({ phase }) => phase === 'closed',
  );
  const row = before.slice(0, FAILED_CYCLES - 1);
  const failing = row.length === FAILED_CYCLES - 1 && row.every(({ result }) => result === 'failed');
  return failing ? 'repeated-cycle-failures' : undefined;
}
