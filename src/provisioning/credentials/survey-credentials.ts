import { randomUUID } from 'node:crypto';
import { isLive, type Credential, type CredentialOwner } from '../../core/credential.ts';
import {
  isSameOwner,
  keepsOwner,
  ownerInConfiguration,
  takeUp,
  type ConfiguredOwner,
  type TakenUp,
} from '../../core/credential-take-up.ts';
import { ConfigError } from '../../core/errors.ts';
import type { GuardedCredential } from '../../core/guards/token-owner.ts';
import type { CredentialChange, StoredCredential } from '../../ports/credentials.ts';
import type { Connection, Ports } from '../../ports/index.ts';

export type CredentialPorts = Pick<Ports, 'connections' | 'vault' | 'clock'> & {
  readonly stores: Pick<Ports['stores'], 'credentials'> & {
    readonly connections: Pick<Ports['stores']['connections'], 'get'>;
  };
};

/** Stands for a secret that is configured and could not be read. */
const UNREAD = '(cannot be read)';

const IN_CONFIGURATION = { named: 'in-configuration' } as const;

/** Which owners the directory is asked about: those it does not know yet, or everybody who owns a token in use. */
export type Asked = 'unknown' | 'everybody';

type SurveyEvent = TakenUp['event'] | 'placed' | 'owner-found' | 'owner-absent';

/** What is known of the credentials of all connections, and what of that is not stored yet. */
export interface CredentialSurvey {
  readonly credentials: readonly Credential[];
  readonly changes: readonly CredentialChange[];
  /** Whom the configuration names, by connection. */
  readonly configured: ReadonlyMap<string, ConfiguredOwner>;
}

/**
 * Reads what is stored and what is configured; with a signal, asks the directory who the owners are, as `whom`
 * says. Writes nothing. A configured secret that cannot be read leaves its connection with what is stored.
 */
export async function surveyCredentials(
  ports: CredentialPorts,
  signal?: AbortSignal,
  whom: Asked = 'unknown',
): Promise<CredentialSurvey> {
  const stored = await ports.stores.credentials.list();
  const current = new Map<string, Credential>(stored.map((credential) => [credential.id, credential]));
  const events = new Map<string, Pick<TakenUp, 'detail'> & { readonly event: SurveyEvent }>();
  const configured = new Map<string, ConfiguredOwner>();
  for (const connection of ports.connections.values()) {
    const read = await configuredOf(connection, ports);
    configured.set(connection.rules.name, read ?? { owner: connection.credential.owner });
    if (read === undefined) continue;
    for (const { after, ...event } of takeUp(stored, read, randomUUID(), ports.clock.now())) {
      current.set(after.id, after);
      events.set(after.id, event);
    }
  }
  for (const credential of current.values()) {
    const place = ports.connections.get(credential.connection)?.credential.place;
    if (place === undefined || credential.place !== undefined || credential.endedAt !== undefined) continue;
    current.set(credential.id, { ...credential, place });
    if (!events.has(credential.id)) events.set(credential.id, { event: 'placed' });
  }
  for (const credential of current.values()) {
    const again = whom === 'everybody' && isLive(credential);
    const owner = await resolved(credential.owner, ports.connections, signal, again);
    if (owner === credential.owner) continue;
    current.set(credential.id, { ...credential, owner });
    const event = owner.kind === 'user' && owner.absent === true ? 'owner-absent' : 'owner-found';
    if (!events.has(credential.id)) events.set(credential.id, { event });
  }
  const versions = new Map(stored.map(({ id, version }: StoredCredential) => [id, version]));
  const changes = [...events].flatMap(([id, event]): readonly CredentialChange[] => {
    const after = current.get(id);
    const from = versions.get(id);
    if (after === undefined) return [];
    return [{ after, ...event, by: 'configuration', ...(from === undefined ? {} : { from }) }];
  });
  return { credentials: [...current.values()], changes, configured };
}

/** Stores what a survey found, and returns the credentials as they are then. */
export async function keepCredentials(
  ports: CredentialPorts,
  signal?: AbortSignal,
  whom?: Asked,
): Promise<readonly Credential[]> {
  const { credentials, changes } = await surveyCredentials(ports, signal, whom);
  if (changes.length === 0 || (await ports.stores.credentials.change(changes))) return credentials;
  // Another process was first; what it stored is what counts.
  return ports.stores.credentials.list();
}

/** The credentials of all connections as the guard judges them, read anew; without a signal the directory is not asked. */
export async function gatherCredentials(
  ports: CredentialPorts,
  signal?: AbortSignal,
  whom?: Asked,
): Promise<readonly GuardedCredential[]> {
  return guardedCredentials(await surveyCredentials(ports, signal, whom), ports, signal);
}

/**
 * Surveyed credentials as the guard judges them, with those that cannot be read under their owner's name, and those for which
 * the configuration names somebody else under both.
 */
export async function guardedCredentials(
  { credentials, configured }: CredentialSurvey,
  ports: CredentialPorts,
  signal?: AbortSignal,
): Promise<readonly GuardedCredential[]> {
  const guarded: GuardedCredential[] = [];
  for (const credential of credentials) {
    const { connection, fingerprint, owner, state } = credential;
    const place = ports.connections.get(connection);
    const one = { connection, fingerprint, owner, state, ...coupling(place) };
    const said = ownerInConfiguration(credential, configured.get(connection));
    guarded.push(said === undefined || keepsOwner(credential) ? one : { ...one, ...IN_CONFIGURATION });
    if (said === undefined || isSameOwner(said, owner)) continue;
    const other = await resolved(said, ports.connections, signal);
    const besides = owner.kind === 'user' ? { besides: owner.name } : {};
    if (!isSamePerson(other, owner)) guarded.push({ ...one, owner: other, ...besides, ...IN_CONFIGURATION });
  }
  for (const connection of ports.connections.values()) {
    const { rules, credential } = connection;
    if (!(await isUnread(rules.name, { credentials, configured }, ports))) continue;
    guarded.push({
      connection: rules.name,
      fingerprint: UNREAD,
      owner: await resolved(credential.owner, ports.connections, signal),
      state: 'active',
      ...coupling(connection),
      ...(credential.owner.kind === 'unknown' ? {} : IN_CONFIGURATION),
    });
  }
  return guarded;
}

/** Whether what a connection works with can be told of from the configuration alone. One that was switched off needs no token. */
async function isUnread(
  name: string,
  { credentials, configured }: Pick<CredentialSurvey, 'credentials' | 'configured'>,
  { stores }: CredentialPorts,
): Promise<boolean> {
  if (configured.get(name)?.fingerprint !== undefined) return false;
  if (credentials.some(({ connection, state }) => connection === name && state === 'active')) return false;
  return (await stores.connections.get(name)).switchedOffAt === undefined;
}

function isSamePerson(one: CredentialOwner, other: CredentialOwner): boolean {
  return one.kind === 'user' && other.kind === 'user' && one.anchor !== undefined && one.anchor === other.anchor;
}

/** What a connection says of its tokens. */
function coupling(connection: Connection | undefined): Pick<GuardedCredential, 'ownerCoupled' | 'engine'> {
  const engine = connection?.rules.engine;
  return {
    ownerCoupled: connection?.provider.profile.token.ownerCoupled === true,
    ...(engine === undefined ? {} : { engine }),
  };
}

async function configuredOf({ rules, credential }: Connection, { vault }: CredentialPorts) {
  const { kind, owner, place, expiresAt } = credential;
  try {
    const secret = await credential.read();
    return {
      connection: rules.name,
      kind,
      fingerprint: vault.fingerprint(secret.trim()),
      owner,
      place,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    };
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/**
 * An owner with the anchor the directory has for the name, or as absent; the very same one where there is nothing new. Whose
 * anchor is gone keeps it: who has the name now may be somebody else, and the account of old is still to be held.
 */
async function resolved(
  owner: CredentialOwner,
  connections: ReadonlyMap<string, Connection>,
  signal: AbortSignal | undefined,
  again = false,
): Promise<CredentialOwner> {
  const [any] = connections.values();
  if (owner.kind !== 'user' || any === undefined || signal === undefined) return owner;
  const { kind, name, anchor, absent } = owner;
  if (anchor !== undefined && absent !== true && !again) return owner;
  const user = await any.directory.findUser(anchor ?? name, ['userPrincipalName'], signal);
  if (user === undefined) return absent === true ? owner : { ...owner, absent: true };
  return user.id === anchor && absent !== true ? owner : { kind, name, anchor: user.id };
}
