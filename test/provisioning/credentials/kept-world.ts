import { createVault } from '../../../src/adapters/vault/vault.ts';
import type { Credential } from '../../../src/core/credential.ts';
import { HEALTHY } from '../../../src/core/quarantine.ts';
import type {
  ConfiguredSecret,
  CredentialStore,
  KeptSecret,
  StoredCredential,
} from '../../../src/ports/credentials.ts';
import type { Ports } from '../../../src/ports/index.ts';
import type { ConnectionState } from '../../../src/ports/stores.ts';
import { createCredentialDesk } from '../../../src/provisioning/credentials/credential-desk.ts';
import { currentSecret, purposeOf } from '../../../src/provisioning/credentials/keyring.ts';
import { spareSecret } from '../../../src/provisioning/credentials/spare-secret.ts';
import { keepCredentials } from '../../../src/provisioning/credentials/survey-credentials.ts';
import { aCredential, aUser } from '../../builders.ts';
import { only } from '../../only.ts';
import { silentLog } from '../../silent-log.ts';
import { aConnection, aSecret, fakeDirectory, fakeProvider } from '../fakes.ts';

const BY = 'tester';
const asked = new AbortController().signal;
const vaultOf = (key: number) => createVault({ key: async () => Buffer.alloc(32, key).toString('base64') });
const vault = vaultOf(1);

/** How a credential is remembered whose secret is `secret`. */
interface Remembered extends Partial<Credential> {
  readonly id: string;
  readonly secret: string;
  /** The file it was left in; otherwise it is stored, or, by its source, configured. */
  readonly file?: string;
  /** It was stored under another key than there is now. */
  readonly keyLost?: true;
}

/** Connection `acme`, its credentials with real secrets, and a provider that takes those of `accepted`. */
export async function keptWorld(
  remembered: readonly Remembered[],
  configured: Partial<ConfiguredSecret> = {},
  state: Partial<ConnectionState> = {},
) {
  const rows = new Map<string, StoredCredential>();
  const kept = new Map<string, KeptSecret>();
  for (const { secret, file, keyLost, ...one } of remembered) {
    const source = file === undefined ? 'stored' : 'file';
    const credential = aCredential({ fingerprint: vault.fingerprint(secret), source, ...one });
    rows.set(one.id, { ...credential, version: 1 });
    if (credential.source === 'configuration') continue;
    const sealing = keyLost === true ? vaultOf(2) : vault;
    const stored = async () => ({ kind: 'stored', sealed: await sealing.seal(secret, purposeOf(credential)) }) as const;
    kept.set(one.id, file === undefined ? await stored() : { kind: 'file', path: file });
  }
  const accepted = new Set<string>();
  const tried: string[] = [];
  const provider = {
    ...fakeProvider({}),
    async probe(secret: string) {
      tried.push(secret);
      return accepted.has(secret) ? ('accepted' as const) : ('refused' as const);
    },
  };
  const credential = { ...aSecret, ...configured };
  const directory = fakeDirectory({ assignments: [], users: { ada: aUser('ada'), bob: aUser('bob') } });
  const ports = only<Ports>({
    connections: new Map([['acme', { ...aConnection(directory, provider), credential }]]),
    channels: new Map(),
    vault,
    clock: { now: () => 1 },
    stores: only<Ports['stores']>({
      notifications: only<Ports['stores']['notifications']>({ channels: async () => [] }),
      connections: only<Ports['stores']['connections']>({
        get: async (connection) => ({ connection, schedulesPaused: false, ...state }),
        pause: async () => true,
        changePause: async () => undefined,
        changeHealth: async () => ({ before: HEALTHY, after: HEALTHY }),
      }),
      cycles: only<Ports['stores']['cycles']>({ openCycle: async () => undefined, operationsOf: async () => [] }),
      credentials: only<CredentialStore>({
        // Newest first.
        list: async () => [...rows.values()].toReversed(),
        active: async () => [...rows.values()].find(({ state }) => state === 'active'),
        secret: async (id) => kept.get(id),
        async change(changes) {
          for (const { after, from = 0, secret } of changes) {
            rows.set(after.id, { ...after, version: from + 1 });
            if (secret !== undefined) kept.set(after.id, secret);
          }
          return true;
        },
      }),
    }),
  });
  const desk = createCredentialDesk({ ports, log: silentLog, startFullCycle: async () => ({ id: 'c-1' }) });
  return {
    rows,
    accepted,
    /** Secrets sent to the provider to try them, in their order. */
    tried,
    survey: () => keepCredentials(ports, asked),
    inUse: () => currentSecret('acme', credential, ports),
    afterRefusal: (refused: string) =>
      spareSecret({ connection: 'acme', place: credential.place }, refused, ports, silentLog),
    add: (text: string, owner?: string) =>
      desk.add({ connection: 'acme', secret: { text }, by: BY, ...(owner === undefined ? {} : { owner }) }, asked),
    promote: (id: string) => desk.promote(id, BY, asked),
    rotate: (text?: string) =>
      desk.rotate(
        { connection: 'acme', by: BY, ...(text === undefined ? {} : { added: { secret: { text } } }) },
        asked,
      ),
    retire: async (id: string, deleted = false) => (await desk.retire(id, { by: BY, deleted }, asked)).state,
    revoke: async (id: string, deleted = false) => (await desk.revoke(id, { by: BY, deleted }, asked)).state,
  };
}
