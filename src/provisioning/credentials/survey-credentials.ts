import { randomUUID } from 'node:crypto';
import type { Credential, CredentialOwner } from '../../core/credential.ts';
import { ownerInConfiguration, takeUp, type ConfiguredOwner, type TakenUp } from '../../core/credential-take-up.ts';
import { ConfigError } from '../../core/errors.ts';
import type { GuardedCredential } from '../../core/guards/token-owner.ts';
import type { CredentialChange, StoredCredential } from '../../ports/credentials.ts';
import type { Connection, Ports } from '../../ports/index.ts';

export type CredentialPorts = Pick<Ports, 'connections' | 'vault' | 'clock'> & {
  readonly stores: Pick<Ports['stores'], 'credentials'>;
};

/** Stands for a secret that is configured and could not be read. */
const UNREAD = '(cannot be read)';

const IN_CONFIGURATION = { named: 'in-configuration' } as const;

/** What is known of the credentials of all connections, and what of that is not stored yet. */
export interface CredentialSurvey {
  readonly credentials: readonly Credential[];
  readonly changes: readonly CredentialChange[];
  /** Whom the configuration names, by connection. */
  readonly configured: ReadonlyMap<string, ConfiguredOwner>;
}

/**
 * Reads what is stored and what is configured; with a signal, asks the directory who the owners are that it was not asked
 * about yet. Writes nothing. A configured secret that cannot be read leaves its connection with what is stored.
 */
export async function surveyCredentials(ports: CredentialPorts, signal?: AbortSignal): Promise<CredentialSurvey> {
  const stored = await ports.stores.credentials.list();
  const current = new Map<string, Credential>(stored.map((credential) => [credential.id, credential]));
  const events = new Map<string, TakenUp['event'] | 'owner-found' | 'owner-absent'>();
  const configured = new Map<string, ConfiguredOwner>();
  for (const connection of ports.connections.values()) {
    const read = await configuredOf(connection, ports);
    configured.set(connection.rules.name, read ?? { owner: connection.credential.owner });
    if (read === undefined) continue;
    for (const { after, event } of takeUp(stored, read, randomUUID(), ports.clock.now())) {
      current.set(after.id, after);
      events.set(after.id, event);
    }
  }
  for (const credential of current.values()) {
    const owner = await resolved(credential.owner, ports.connections, signal);
    if (owner === credential.owner) continue;
    current.set(credential.id, { ...credential, owner });
    const event = owner.kind === 'user' && owner.absent === true ? 'owner-absent' : 'owner-found';
    if (!events.has(credential.id)) events.set(credential.id, event);
  }
  const versions = new Map(stored.map(({ id, version }: StoredCredential) => [id, version]));
  const changes = [...events].flatMap(([id, event]): readonly CredentialChange[] => {
    const after = current.get(id);
    const from = versions.get(id);
    if (after === undefined) return [];
    return [{ after, event, by: 'configuration', ...(from === undefined ? {} : { from }) }];
  });
  return { credentials: [...current.values()], changes, configured };
}

/** Stores what a survey found, and returns the credentials as they are then. */
export async function keepCredentials(ports: CredentialPorts, signal?: AbortSignal): Promise<readonly Credential[]> {
  const { credentials, changes } = await surveyCredentials(ports, signal);
  if (changes.length === 0 || (await ports.stores.credentials.change(changes))) return credentials;
  // Another process was first; what it stored is what counts.
  return ports.stores.credentials.list();
}

/** The credentials of all connections as the guard judges them, read anew. */
export async function gatherCredentials(
  ports: CredentialPorts,
  signal: AbortSignal,
): Promise<readonly GuardedCredential[]> {
  return guardedCredentials(await surveyCredentials(ports, signal), ports, signal);
}

/** Surveyed credentials as the guard judges them, with those that cannot be read under their owner's name. */
export async function guardedCredentials(
  { credentials, configured }: CredentialSurvey,
  ports: CredentialPorts,
  signal: AbortSignal,
): Promise<readonly GuardedCredential[]> {
  const known = new Set(credentials.map(({ connection }) => connection));
  const unread = [...ports.connections.values()].filter(({ rules }) => !known.has(rules.name));
  return [
    ...credentials.map((credential) => {
      const { connection, fingerprint, owner, state } = credential;
      const { provider, rules } = ports.connections.get(connection) ?? {};
      const ownerCoupled = provider?.profile.token.ownerCoupled === true;
      const said = configured.get(connection);
      const named =
        said === undefined || ownerInConfiguration(credential, said) === undefined ? {} : IN_CONFIGURATION;
      return { connection, fingerprint, owner, state, ownerCoupled, ...engineOf(rules), ...named };
    }),
    ...(await Promise.all(
      unread.map(async ({ rules, credential, provider }) => ({
        connection: rules.name,
        fingerprint: UNREAD,
        owner: await resolved(credential.owner, ports.connections, signal),
        state: 'active' as const,
        ownerCoupled: provider.profile.token.ownerCoupled,
        ...engineOf(rules),
        ...(credential.owner.kind === 'unknown' ? {} : IN_CONFIGURATION),
      })),
    )),
  ];
}

function engineOf(rules: Connection['rules'] | undefined): Pick<GuardedCredential, 'engine'> {
  return rules?.engine === undefined ? {} : { engine: rules.engine };
}

async function configuredOf({ rules, credential }: Connection, { vault }: CredentialPorts) {
  const { kind, owner, expiresAt } = credential;
  try {
    const secret = await credential.read();
    return {
      connection: rules.name,
      kind,
      fingerprint: vault.fingerprint(secret.trim()),
      owner,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** An owner with the anchor the directory has for the name, or as absent; the very same one where there is nothing new. */
async function resolved(
  owner: CredentialOwner,
  connections: ReadonlyMap<string, Connection>,
  signal: AbortSignal | undefined,
): Promise<CredentialOwner> {
  const [any] = connections.values();
  if (owner.kind !== 'user' || owner.anchor !== undefined || any === undefined || signal === undefined) return owner;
  const user = await any.directory.findUser(owner.name, ['userPrincipalName'], signal);
  const { kind, name } = owner;
  if (user !== undefined) return { kind, name, anchor: user.id };
  return owner.absent === true ? owner : { kind, name, absent: true };
}
