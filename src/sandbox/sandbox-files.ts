import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { SandboxEngine } from './engine.ts';
import type { NamedToken } from './provider/credentials.ts';
import { parseSnapshot, type ProviderSnapshot } from './provider/snapshot.ts';
import type { TenantState } from './tenant/state.ts';

/** What a sandbox remembers between two runs, so that the same accounts have the same ids again. */
export interface SandboxState {
  readonly tenant: TenantState;
  readonly provider: ProviderSnapshot;
  /** Those the provider takes; absent in the state of an earlier version, which had them made anew. */
  readonly tokens?: readonly NamedToken[];
}

/** Everything a configuration needs to know about a running sandbox. */
export interface SandboxAddresses {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The identity for migrations; absent where the tenant has none. */
  readonly migration?: { readonly clientId: string; readonly clientSecret: string };
  readonly login: string;
  readonly graph: string;
  readonly application: string;
  readonly scim: string;
  readonly scimToken: string;
  readonly profile: string;
  readonly engine?: SandboxEngine;
  /** Where the daemon is to listen. */
  readonly httpPort: number;
}

const STATE = 'sandbox-state.json';

/** The tenant's part was written by ourselves and is only looked at for being there at all. */
const stateSchema = z.object({
  tenant: z.custom<TenantState>((value) => typeof value === 'object' && value !== null),
  provider: z.unknown(),
  tokens: z
    .array(
      z.strictObject({
        id: z.string(),
        secret: z.string().min(1),
        owner: z.string().exactOptional(),
        expiresAt: z.number().exactOptional(),
        ownerTypes: z.array(z.string()).exactOptional(),
      }),
    )
    .exactOptional(),
});

/** The state of an earlier run; undefined when there was none. Throws an Error naming the file when it cannot be used. */
export async function loadState(directory: string): Promise<SandboxState | undefined> {
  const file = join(directory, STATE);
  if (!existsSync(file)) return undefined;
  try {
    const { provider, ...state } = stateSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    return { ...state, provider: parseSnapshot(provider) };
  } catch (cause) {
    throw new Error(`${file} cannot be read: remove ${directory} to start over`, { cause });
  }
}

/** Replaces the state in one step: a sandbox killed while saving finds the old state. */
export async function saveState(directory: string, state: SandboxState): Promise<void> {
  const file = join(directory, STATE);
  await writeFile(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Reads need not be far apart: the sandbox's replicas agree at once unless told otherwise. */
function migrationSettings(client: string): object {
  return { client, credential: { kind: 'client_secret', secret_file: './migration-secret' }, settleSeconds: 1 };
}

/** Writes the secrets and a configuration that connects Headgate to the sandbox. Returns the configuration's path. */
export async function writeConfiguration(directory: string, at: SandboxAddresses): Promise<string> {
  await mkdir(directory, { recursive: true });
  const secret = (name: string, value: string) => writeFile(join(directory, name), `${value}\n`, { mode: 0o600 });
  await secret('entra-secret', at.clientSecret);
  await secret('acme-token', at.scimToken);
  if (at.migration !== undefined) await secret('migration-secret', at.migration.clientSecret);
  // Made once: tokens that were handed over are in the database under it.
  if (!existsSync(join(directory, 'key'))) await secret('key', randomBytes(32).toString('base64'));
  const settings = {
    database: { url: 'file:./headgate-data' },
    directory: {
      kind: 'entra',
      tenant: at.tenantId,
      client: at.clientId,
      credential: { kind: 'client_secret', secret_file: './entra-secret' },
      endpoints: { login: at.login, graph: at.graph },
      ...(at.migration === undefined ? {} : { migration: migrationSettings(at.migration.clientId) }),
    },
    connections: [
      {
        name: 'acme',
        application: at.application,
        ...(at.engine === 'entra' ? { engine: at.engine } : {}),
        provider: {
          profile: at.profile,
          url: at.scim,
          credential: { kind: 'bearer', token_file: './acme-token', owner: 'service-account' },
        },
      },
    ],
    credentials: { key_file: './key' },
    http: { port: at.httpPort },
  };
  const file = join(directory, 'headgate.yaml');
  await writeFile(
    file,
    `# Connects Headgate to the sandbox it was made by. Made anew at each start of the sandbox.\n${stringify(settings)}`,
  );
  return file;
}
