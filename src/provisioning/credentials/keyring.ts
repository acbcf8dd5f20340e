import type { Credential } from '../../core/credential.ts';
import { RefusedError, UnauthorizedError } from '../../core/errors.ts';
import type { ConfiguredSecret, SecretVault } from '../../ports/credentials.ts';
import type { Ports } from '../../ports/index.ts';
import type { Stores } from '../../ports/stores.ts';

export interface KeyringPorts {
  readonly stores: Pick<Stores, 'credentials'>;
  readonly vault: SecretVault;
}

/** What a sealed secret is sealed for: it opens for this credential of this connection alone. */
export function purposeOf({ connection, id }: Pick<Credential, 'connection' | 'id'>): string {
  return `${connection}/${id}`;
}

/**
 * The secret a connection works with now: of its active credential, or the configured one where that is the active one.
 * UnauthorizedError for a configured one that was retired or revoked: nobody is held for it, so nothing may be sent with it.
 */
export async function currentSecret(
  connection: string,
  configured: ConfiguredSecret,
  ports: KeyringPorts,
): Promise<string> {
  const active = await ports.stores.credentials.active(connection);
  if (active === undefined || active.source === 'configuration')
    return stillGood(connection, await configured.read(), ports);
  const secret = await keptSecret(active, ports);
  if (secret !== undefined) return secret;
  throw new RefusedError('credential', `the secret of credential ${active.fingerprint} of ${connection} is not here`, {
    remedy: `add it again: headgate token add -c ${connection}`,
  });
}

async function stillGood(connection: string, secret: string, { stores, vault }: KeyringPorts): Promise<string> {
  const fingerprint = vault.fingerprint(secret.trim());
  const known = (await stores.credentials.list(connection)).find((one) => one.fingerprint === fingerprint);
  if (known?.state !== 'retired' && known?.state !== 'dead') return secret;
  const ended = known.state === 'dead' ? 'was revoked' : 'was retired';
  throw new UnauthorizedError(
    `the configured token ${fingerprint} of ${connection} ${ended} and is not used any more`,
    {
      connection,
      remedy: `generate a new token at the service provider and put it into the file, or hand it over: headgate token add -c ${connection}`,
    },
  );
}

/**
 * The secret of a credential, wherever it is; undefined when it was erased, or stood in the configuration and no longer
 * does.
 */
export async function secretOf(
  credential: Credential,
  ports: KeyringPorts & Pick<Ports, 'connections'>,
): Promise<string | undefined> {
  const kept = await keptSecret(credential, ports);
  if (kept !== undefined) return kept;
  const configured = ports.connections.get(credential.connection)?.credential;
  const secret = await configured?.read();
  return secret !== undefined && ports.vault.fingerprint(secret.trim()) === credential.fingerprint ? secret : undefined;
}

async function keptSecret(credential: Credential, ports: KeyringPorts): Promise<string | undefined> {
  const kept = await ports.stores.credentials.secret(credential.id);
  if (kept === undefined) return undefined;
  return kept.kind === 'stored'
    ? ports.vault.open(kept.sealed, purposeOf(credential))
    : ports.vault.readReference(kept.path);
}
