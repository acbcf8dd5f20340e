import type { Credential, CredentialEvent } from '../../core/credential.ts';
import { RefusedError } from '../../core/errors.ts';
import type { EndHow } from '../../ports/credential-desk.ts';
import type { StoredCredential } from '../../ports/credentials.ts';
import type { Ports } from '../../ports/index.ts';
import { activeOf, applyChanges, changeOf } from './change-credential.ts';
import { ifReadable, secretOf } from './keyring.ts';

/**
 * Ends a credential once the provider refuses it and takes the one in use, or, where that cannot be seen, a person says that
 * it was deleted there.
 */
export async function endCredential(
  ports: Ports,
  found: StoredCredential,
  kind: 'retired' | 'revoked',
  { by, deleted, goesOnBy }: EndHow,
  signal: AbortSignal,
): Promise<Credential> {
  const successor = activeOf(await ports.stores.credentials.list(found.connection));
  const { engine } = ports.connections.get(found.connection)?.rules ?? {};
  const context = { ...(successor === undefined ? {} : { successor }), ...(engine === undefined ? {} : { engine }) };
  const event = (confirmed: 'refused' | 'by-person'): CredentialEvent =>
    kind === 'retired' ? { kind, confirmed, ...context } : { kind, confirmed };
  const how = { by, now: ports.clock.now(), eraseSecret: true };
  // Asked before anything is sent: what may not end now is not tried at the provider either.
  changeOf(found, event('refused'), how);
  const ending = { found, successor, kind, deleted, ...(goesOnBy === undefined ? {} : { goesOnBy }) };
  const confirmed = await confirmEnd(ports, ending, signal);
  const change = changeOf(found, event(confirmed), { ...how, detail: confirmed });
  await applyChanges(ports, [change]);
  return change.after;
}

interface Ending extends Pick<EndHow, 'deleted' | 'goesOnBy'> {
  readonly found: StoredCredential;
  /** The credential in use. */
  readonly successor: StoredCredential | undefined;
  readonly kind: 'retired' | 'revoked';
}

async function confirmEnd(
  ports: Ports,
  { found, successor, kind, deleted, goesOnBy }: Ending,
  signal: AbortSignal,
): Promise<'refused' | 'by-person'> {
  const { fingerprint, connection } = found;
  const again = `headgate token ${kind === 'retired' ? 'retire' : 'revoke'} ${fingerprint} -c ${connection}`;
  const remedy = `delete the token at the service provider, then say so: ${again} --deleted-at-provider`;
  const secret = await ifReadable(secretOf(found, ports));
  const { switchedOffAt } = await ports.stores.connections.get(connection);
  // Nothing is sent any more where SCIM was switched off, not even to try a token.
  const provider = switchedOffAt === undefined ? ports.connections.get(connection)?.provider : undefined;
  if (secret === undefined || provider === undefined) {
    if (deleted) return 'by-person';
    const why = `${fingerprint} cannot be tried any more: nobody can see whether it is refused`;
    throw new RefusedError('credential', why, { remedy });
  }
  if ((await provider.probe(secret, signal)) !== 'refused') {
    throw new RefusedError('credential', `the service provider of ${connection} still accepts ${fingerprint}`, {
      remedy: `delete the token there, then: ${goesOnBy ?? again}`,
    });
  }
  // A provider that refuses everybody for a while says nothing of this one.
  const inUse =
    successor === undefined || successor.id === found.id ? undefined : await ifReadable(secretOf(successor, ports));
  if (inUse === undefined || (await provider.probe(inUse, signal)) === 'accepted') return 'refused';
  if (deleted) return 'by-person';
  const why = `the service provider of ${connection} refuses ${fingerprint}, and does not take ${successor?.fingerprint}, which is in use, either: that says nothing of the one alone`;
  throw new RefusedError('credential', why, {
    remedy: `see what is wrong with the one in use (headgate doctor); or ${remedy}`,
  });
}
