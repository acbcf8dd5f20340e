import { createVault } from '../../../src/adapters/vault/vault.ts';
import type { CredentialStore, ConfiguredSecret, StoredCredential } from '../../../src/ports/credentials.ts';
import type { Ports } from '../../../src/ports/index.ts';
import { createCredentialDesk } from '../../../src/provisioning/credentials/credential-desk.ts';
import { aUser } from '../../builders.ts';
import { only } from '../../only.ts';
import { silentLog } from '../../silent-log.ts';
import { aConnection, aSecret, fakeDirectory, fakeProvider } from '../fakes.ts';

const VAULT = createVault({});

/** The fingerprint of a secret. */
export const printOf = (secret: string): string => VAULT.fingerprint(secret);

export interface OwnerProcess {
  readonly configured?: Partial<ConfiguredSecret>;
  readonly stored?: readonly StoredCredential[];
  /** Whom the directory knows. */
  readonly people?: readonly string[];
  readonly switchedOff?: boolean;
}

/** A process with one connection, acme, and a desk for its tokens; the directory knows ada and bob. */
export function anOwnerProcess({ configured, stored = [], people = ['ada', 'bob'], switchedOff }: OwnerProcess = {}) {
  const rows = new Map(stored.map((one) => [one.id, one]));
  const written: string[] = [];
  const users = Object.fromEntries(people.map((name) => [name, aUser(name)]));
  const credential = { ...aSecret, ...configured };
  const ports = only<Ports>({
    connections: new Map([
      ['acme', { ...aConnection(fakeDirectory({ assignments: [], users }), fakeProvider({})), credential }],
    ]),
    vault: VAULT,
    clock: { now: () => 1 },
    stores: only<Ports['stores']>({
      connections: only<Ports['stores']['connections']>({
        get: async (connection) => ({
          connection,
          schedulesPaused: false,
          ...(switchedOff === true ? { switchedOffAt: 1 } : {}),
        }),
      }),
      credentials: only<CredentialStore>({
        list: async () => [...rows.values()],
        async change(changes) {
          for (const { after, from = 0, event } of changes) {
            rows.set(after.id, { ...after, version: from + 1 });
            written.push(event);
          }
          return true;
        },
      }),
    }),
  });
  const desk = createCredentialDesk({ ports, log: silentLog, startFullCycle: async () => ({ id: 'c-1' }) });
  return { ports, desk, rows, written, users, credential };
}
