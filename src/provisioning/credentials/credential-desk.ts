import { randomUUID } from 'node:crypto';
import { isAbsolute } from 'node:path';
import type { Credential, CredentialEvent } from '../../core/credential.ts';
import { RefusedError } from '../../core/errors.ts';
import { HEALTHY } from '../../core/quarantine.ts';
import { waitingForCredential, withoutCredentialWait } from '../../core/pause-reason.ts';
import { ownerNamed, type CredentialDesk, type NewCredential, type ProbeOutcome } from '../../ports/credential-desk.ts';
import type { KeptSecret, StoredCredential } from '../../ports/credentials.ts';
import type { Connection, Ports } from '../../ports/index.ts';
import type { Log } from '../../ports/log.ts';
import { nudgeChannels } from '../notifications/deliver-notifications.ts';
import { activeOf, applyChanges, changeOf, findCredential, requireDayAhead } from './change-credential.ts';
import { ownerInDirectory, requireOwnWord } from './credential-owner.ts';
import { ifReadable, purposeOf, secretOf } from './keyring.ts';
import { rotate, type RotationParts } from './rotate-credential.ts';
import { endCredential } from './end-credential.ts';
import { keepCredentials } from './survey-credentials.ts';

export interface DeskOptions {
  readonly ports: Ports;
  readonly startFullCycle: RotationParts['startFullCycle'];
  readonly log: Log;
}

const DAY_MS = 86_400_000;

/** Everything people may do with credentials, on the ports. Each change is an entry of the history and a line of the log. */
export function createCredentialDesk({ ports, startFullCycle, log }: DeskOptions): CredentialDesk {
  const desk: CredentialDesk = {
    async list(connection) {
      await keepCredentials(ports);
      return ports.stores.credentials.list(connection);
    },
    async show(reference) {
      const credential = await findCredential(ports, reference);
      return { credential, history: await ports.stores.credentials.history(credential.id) };
    },
    async add(request, signal) {
      requireDayAhead(request.expiresAt, ports.clock.now());
      await keepCredentials(ports, signal);
      return told('added', await add(ports, request, signal), request.by);
    },
    async probe(reference, by, signal) {
      const found = await findCredential(ports, reference);
      const outcome = await probe(ports, found, signal);
      const event: CredentialEvent =
        outcome === 'accepted' ? { kind: 'probed' } : { kind: 'probe-failed', refused: outcome === 'refused' };
      const change = changeOf(found, event, { by, now: ports.clock.now(), detail: outcome });
      await applyChanges(ports, [change]);
      return { credential: await told(event.kind, change.after, by), outcome };
    },
    async promote(reference, by, signal) {
      const { credential, outcome } = await desk.probe(reference, by, signal);
      if (outcome !== 'accepted') throw failedProbe(credential, outcome);
      return told('promoted', await promote(ports, credential.id, by), by);
    },
    retire: async (reference, how, signal) =>
      told(
        'retired',
        await endCredential(ports, await findCredential(ports, reference), 'retired', how, signal),
        how.by,
      ),
    async revoke(reference, how, signal) {
      const found = await findCredential(ports, reference);
      const { switchedOffAt } = await ports.stores.connections.get(found.connection);
      if (switchedOffAt !== undefined) await refuseLastProof(ports, found);
      const revoked = await endCredential(ports, found, 'revoked', how, signal);
      const why = waitingForCredential(
        `${found.fingerprint} was revoked; promote another one: headgate token list -c ${found.connection}`,
      );
      // Where SCIM was switched off no other is awaited.
      if (found.state === 'active' && switchedOffAt === undefined)
        await ports.stores.connections.pause(found.connection, why);
      return told('revoked', revoked, how.by);
    },
    async setOwner(reference, owner, by, signal) {
      const found = await findCredential(ports, reference);
      await requireOwnWord(ports, { ...found, owner: ownerNamed(owner) });
      // Any will do, as they all read one directory: a token may outlive its connection.
      const [any] = ports.connections.values();
      const after = { ...found, owner: await ownerInDirectory(owner, any?.directory, signal) };
      await applyChanges(ports, [{ after, from: found.version, event: 'owner-named', by }]);
      await keepCredentials(ports, signal);
      return findCredential(ports, found.id);
    },
    rotate: (request, signal) => rotate({ ports, desk, startFullCycle, proveInstalled }, request, signal),
  };

  async function proveInstalled(id: string, by: string, signal: AbortSignal): Promise<Credential> {
    const { credential, outcome } = await desk.probe(id, by, signal);
    if (outcome !== 'accepted') throw failedProbe(credential, outcome);
    const change = changeOf(
      await findCredential(ports, id),
      { kind: 'installed-in-entra' },
      { by, now: ports.clock.now() },
    );
    await applyChanges(ports, [change]);
    return told('installed-in-entra', change.after, by);
  }

  async function told(event: string, credential: Credential, by: string): Promise<Credential> {
    const { connection, fingerprint, state } = credential;
    log.info({ connection, fingerprint, state, event, by }, 'a credential changed');
    await nudgeChannels(ports);
    return credential;
  }
  return desk;
}

/** The migration that switched a connection off proves its token dead by a read with it, and ends it then; nothing is read with one that has ended. */
async function refuseLastProof({ stores: { migrations } }: Ports, { state, connection, fingerprint }: Credential) {
  if (state !== 'active' || (await migrations.openOf(connection)) === undefined) return;
  throw new RefusedError(
    'credential',
    `the migration of ${connection} is to see ${fingerprint} refused, and ends it then`,
    {
      remedy: `delete it at the service provider, then say so there: headgate migration status ${connection}`,
    },
  );
}

function connectionOf(ports: Ports, name: string): Connection {
  const connection = ports.connections.get(name);
  if (connection !== undefined) return connection;
  throw new RefusedError('not-found', `no connection is named "${name}"`, {
    remedy: `configured connections: ${[...ports.connections.keys()].join(', ')}`,
  });
}

async function add(ports: Ports, request: NewCredential, signal: AbortSignal): Promise<Credential> {
  const { credential: configured, provider, directory } = connectionOf(ports, request.connection);
  const now = ports.clock.now();
  const text = await textOf(ports, request);
  const fingerprint = ports.vault.fingerprint(text);
  const known = (await ports.stores.credentials.list(request.connection)).find(
    (one) => one.fingerprint === fingerprint,
  );
  if (known !== undefined && (await isHere(known, ports))) {
    throw new RefusedError(
      'credential',
      `${request.connection} has this token already: ${fingerprint}, ${known.state}`,
      {
        remedy: `headgate token show ${fingerprint} -c ${request.connection}`,
      },
    );
  }
  const id = known?.id ?? randomUUID();
  const owner = await ownerInDirectory(request.owner, directory, signal);
  const secret = await kept(ports, request, { id, text });
  if (known !== undefined) {
    const whose = request.owner === undefined ? known : { ...known, owner };
    if (whose !== known) await requireOwnWord(ports, whose);
    const again = changeOf(
      { ...whose, source: secret.kind },
      { kind: 'handed-over-again', for: configured },
      { by: request.by, now },
    );
    await applyChanges(ports, [{ ...again, secret }]);
    if (again.after.state === 'active') await goOn(ports, request.connection);
    return again.after;
  }
  const days = provider.profile.token.lifetimeDays;
  const expiresAt = request.expiresAt ?? (days === null ? undefined : now + days * DAY_MS);
  const after: Credential = {
    id,
    connection: request.connection,
    kind: configured.kind,
    fingerprint,
    owner,
    state: 'candidate',
    place: configured.place,
    source: secret.kind,
    createdAt: now,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  await applyChanges(ports, [{ after, event: 'added', by: request.by, secret }]);
  return after;
}

/** Whether a token that is known can be used, so that handing it over again would bring nothing; so it is with one that has ended. */
async function isHere(known: Credential, ports: Ports): Promise<boolean> {
  return known.endedAt !== undefined || (await ifReadable(secretOf(known, ports))) !== undefined;
}

/** The secret handed over. */
async function textOf({ vault }: Ports, { secret }: NewCredential): Promise<string> {
  if (!('file' in secret)) return oneWord(secret.text);
  if (isAbsolute(secret.file)) return oneWord(await vault.readReference(secret.file));
  throw new RefusedError('credential', 'a file is referred to by its absolute path', { remedy: 'begin it with /.' });
}

/** How the secret handed over is kept from now on. */
async function kept(
  { vault }: Ports,
  { secret, connection }: NewCredential,
  { id, text }: { readonly id: string; readonly text: string },
): Promise<KeptSecret> {
  if ('file' in secret) return { kind: 'file', path: secret.file };
  return { kind: 'stored', sealed: await vault.seal(text, purposeOf({ connection, id })) };
}

/** RFC 6750 section 2.1: what can stand in a header. The commonest mistake is a whole line copied with it. */
function oneWord(secret: string): string {
  const trimmed = secret.trim();
  if (/^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
  throw new RefusedError('credential', 'what was handed over is empty or not one word of plain characters', {
    remedy: 'copy the token alone.',
  });
}

async function probe(ports: Ports, credential: StoredCredential, signal: AbortSignal): Promise<ProbeOutcome> {
  const { connection, fingerprint } = credential;
  const secret = await secretOf(credential, ports);
  if (secret !== undefined) return connectionOf(ports, connection).provider.probe(secret, signal);
  const why = `the secret of ${fingerprint} is not here any more, or not for the address ${connection} has now`;
  throw new RefusedError('credential', why, {
    remedy: `hand it over again where it is good there: headgate token add -c ${connection}; else end it: headgate token revoke ${fingerprint} -c ${connection} --deleted-at-provider`,
  });
}

function failedProbe({ fingerprint, connection, state }: Credential, outcome: ProbeOutcome): RefusedError {
  const WHY: Readonly<Record<ProbeOutcome, readonly [string, string]>> = {
    accepted: ['was accepted', ''],
    refused: ['is refused by the provider (401)', 'generate another one, and copy it whole.'],
    forbidden: [
      'is accepted without the right to read users (403)',
      'give its owner the right to manage users by SCIM.',
    ],
    unguarded: [
      'is accepted, and so is a corrupted copy',
      'the endpoint does not check credentials: tell its provider, and do not use it.',
    ],
  };
  const [why, remedy] = WHY[outcome];
  if (state !== 'candidate')
    return new RefusedError('credential', `${fingerprint} ${why}; nothing was changed`, { remedy });
  const end = `To end this one: headgate token revoke ${fingerprint} -c ${connection}`;
  return new RefusedError('credential', `${fingerprint} ${why}; it is not put to use, and stays a candidate`, {
    remedy: `${remedy} ${end}`,
  });
}

/** The candidate into use, the one before it out, and what waited for that goes on. */
async function promote(ports: Ports, id: string, by: string): Promise<Credential> {
  const found = await findCredential(ports, id);
  const now = ports.clock.now();
  const active = activeOf(await ports.stores.credentials.list(found.connection));
  const promoted = changeOf(found, { kind: 'promoted', by: 'person' }, { by, now });
  const superseded = active === undefined ? [] : [changeOf(active, { kind: 'superseded' }, { by, now })];
  await applyChanges(ports, [...superseded, promoted]);
  await goOn(ports, found.connection);
  return promoted.after;
}

/** Lifts what stopped the connection for want of a credential, also behind a graver reason; a person's own pause, and other trouble, stay. */
async function goOn(ports: Ports, name: string): Promise<void> {
  const { connections, cycles } = ports.stores;
  await connections.changePause(name, withoutCredentialWait);
  await connections.changeHealth(name, (health) =>
    health.state !== 'healthy' && (health.reason === 'credential-refused' || health.reason === 'writes-refused')
      ? HEALTHY
      : health,
  );
  const open = await cycles.openCycle(name);
  if (open !== undefined) await ports.queue.enqueue('advance-cycle', { cycle: open.id });
}
