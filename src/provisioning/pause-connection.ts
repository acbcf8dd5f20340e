import type { UnauthorizedError } from '../core/errors.ts';
import type { Ports } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';

/** A refused credential concerns everybody: stop at once, say so with what to do, and never try it blindly again. */
export async function pauseConnection(
  connection: string,
  error: UnauthorizedError,
  ports: Ports,
  log: Log,
): Promise<void> {
  const { remedy } = error.facts;
  const reason = remedy === undefined ? error.message : `${error.message}. ${remedy}`;
  await ports.stores.connections.pause(connection, reason);
  log.error({ err: error }, 'the service provider refused the credential; the connection is paused');
}
