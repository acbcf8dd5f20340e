import { isElsewhere, type Credential } from '../../core/credential.ts';
import { ConfigError, RefusedError, UnauthorizedError } from '../../core/errors.ts';
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
 * UnauthorizedError for a configured one that was retired or revoked, and for another one than was handed over in the file
 * of a reference: nobody is held for it, so nothing may be sent with it. So for one that cannot be read: the connection is in
 * trouble by that, and no object of it.
 */
export async function currentSecret(
  connection: string,
  configured: ConfiguredSecret,
  ports: KeyringPorts,
): Promise<string> {
  try {
    return await secretInUse(connection, configured, ports);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    throw new UnauthorizedError(`${connection}: ${error.message}`, { remedy: PUT_BACK, ...error.facts, connection });
  }
}

const PUT_BACK = 'put it back where the configuration says, readable by the user Headgate runs as.';

async function secretInUse(connection: string, configured: ConfiguredSecret, ports: KeyringPorts): Promise<string> {
  const active = await ports.stores.credentials.active(connection);
  if (active === undefined || active.source === 'configuration')
    return stillGood(connection, await configured.read(), ports);
  if (isElsewhere(active, configured.place)) throw elsewhere(active);
  const secret = await keptSecret(active, ports, (path) => ports.vault.readReference(path));
  if (secret !== undefined) return secret;
  throw new UnauthorizedError(`the secret of credential ${active.fingerprint} of ${connection} is not here`, {
    connection,
    remedy: `where its file holds another token by now, hand that one over and say whose it is: headgate token rotate -c ${connection} --reference <file> --owner <who generated it>; else put it back.`,
  });
}

/** Whoever is at the new address must not learn a token of the old one, nor say whether it is dead. */
function elsewhere({ fingerprint, connection }: Credential): UnauthorizedError {
  return new UnauthorizedError(
    `credential ${fingerprint} of ${connection} is for another address than the connection has now, and is not sent to this one`,
    {
      connection,
      remedy: `hand over one for this address, the same again where it is good here, too (so where only the path of provider.url changed): headgate token add -c ${connection}; or put the address back (provider.url, or token_url with OAuth).`,
    },
  );
}

function isSecretOf({ fingerprint }: Credential, secret: string, { vault }: KeyringPorts): boolean {
  return vault.fingerprint(secret.trim()) === fingerprint;
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
 * The secret of a credential, wherever it is; undefined when it was erased, or stood in the configuration, or in the file of
 * a reference, and no longer does, and when it is not for the place the connection has now.
 */
export async function secretOf(
  credential: Credential,
  ports: KeyringPorts & Pick<Ports, 'connections'>,
): Promise<string | undefined> {
  const configured = ports.connections.get(credential.connection)?.credential;
  if (configured !== undefined && isElsewhere(credential, configured.place)) return undefined;
  const kept = await keptSecret(credential, ports, (path) => ifReadable(ports.vault.readReference(path)));
  if (kept !== undefined) return kept;
  const secret = await ifReadable(configured?.read());
  return secret !== undefined && isSecretOf(credential, secret, ports) ? secret : undefined;
}

/** What a file holds, or a sealed secret was; undefined when the file is gone, or the key another one. */
export async function ifReadable(reading: Promise<string | undefined> | undefined): Promise<string | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

function isUnreadable(error: unknown): error is ConfigError | RefusedError {
  return error instanceof ConfigError || error instanceof RefusedError;
}

/** Where it was handed over to be kept. What stands there now may be another one: that is not this one's. */
async function keptSecret(
  credential: Credential,
  ports: KeyringPorts,
  readFile: (path: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  const kept = await ports.stores.credentials.secret(credential.id);
  if (kept === undefined) return undefined;
  const secret =
    kept.kind === 'stored' ? await ports.vault.open(kept.sealed, purposeOf(credential)) : await readFile(kept.path);
  return secret !== undefined && isSecretOf(credential, secret, ports) ? secret : undefined;
}
