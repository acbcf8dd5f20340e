import type { CredentialEvent } from '../../core/credential.ts';
import { inState } from '../../core/cycle.ts';
import type { StoredCredential } from '../../ports/credentials.ts';
import type { CycleRecord, CycleStore } from '../../ports/stores.ts';
import { changeOf, type ChangePorts } from './change-credential.ts';

type ProofPorts = ChangePorts & { readonly stores: { readonly cycles: Pick<CycleStore, 'counts'> } };
type EndedCycle = Pick<CycleRecord, 'id' | 'connection' | 'kind' | 'createdAt'>;

/**
 * Remembers what the end of a cycle proves of the credential in use: a full one that it carries a cycle, and each that asked
 * the provider for anything that an earlier refusal is over. One that was put to use, or refused, after the cycle was opened
 * has not carried it from its beginning, and is not proved by it.
 */
export async function proveCredential(ports: ProofPorts, cycle: EndedCycle): Promise<void> {
  const active = await ports.stores.credentials.active(cycle.connection);
  if (active === undefined || Math.max(active.activeSince ?? 0, active.refusedAt ?? 0) > cycle.createdAt) return;
  const event = await provedBy(cycle, active, ports);
  if (event === undefined) return;
  const change = changeOf(active, event, { by: 'headgate', now: ports.clock.now() });
  // When somebody else has changed it meanwhile, the next cycle proves what is in use then.
  await ports.stores.credentials.change([change]);
}

async function provedBy(
  { id, kind }: EndedCycle,
  { provenBy, refusedAt }: StoredCredential,
  { stores }: ProofPorts,
): Promise<CredentialEvent | undefined> {
  if (kind === 'initial' && (provenBy === undefined || refusedAt !== undefined)) return { kind: 'proved', cycle: id };
  if (refusedAt === undefined) return undefined;
  // An incremental cycle that concerns nobody asks the provider nothing; an audit lists everything.
  const asked = kind === 'audit' || inState(await stores.cycles.counts(id), 'exported') > 0;
  return asked ? { kind: 'accepted' } : undefined;
}
