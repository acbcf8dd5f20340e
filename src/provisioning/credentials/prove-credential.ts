import type { CycleRecord } from '../../ports/stores.ts';
import { changeOf, type ChangePorts } from './change-credential.ts';

/**
 * Remembers that a full cycle succeeded with the credential in use. One that was put to use after the cycle was opened
 * has not carried it from its beginning, and is not proved by it.
 */
export async function proveCredential(
  ports: ChangePorts,
  { id, connection, kind, createdAt }: Pick<CycleRecord, 'id' | 'connection' | 'kind' | 'createdAt'>,
): Promise<void> {
  if (kind !== 'initial') return;
  const active = await ports.stores.credentials.active(connection);
  if (active === undefined || active.provenBy !== undefined || (active.activeSince ?? 0) > createdAt) return;
  const change = changeOf(active, { kind: 'proved', cycle: id }, { by: 'headgate', now: ports.clock.now() });
  // When somebody else has changed it meanwhile, the next full cycle proves what is in use then.
  await ports.stores.credentials.change([change]);
}
