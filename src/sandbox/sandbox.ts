import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ENTRA_MIGRATION_PERMISSIONS, migrationApplication, readerApplication } from './tenant/login/applications.ts';
import { generateOrganisation } from './organisation/generate.ts';
import type { SandboxEngine } from './engine.ts';
import { isBehaviourName } from './provider/behaviours/registry.ts';
import { startProvider, type SandboxProvider } from './provider/provider.ts';
import { loadState, saveState, writeConfiguration, type SandboxAddresses } from './sandbox-files.ts';
import { startTenant, type Tenant } from './tenant/tenant.ts';

/** Entra's takes forty minutes; a person who tries a migration waits for three or four. */
export const OWN_SERVICE_EVERY_MS = 15_000;

/** What a sandbox is to be like. */
export interface SandboxOptions {
  readonly users: number;
  readonly groups: number;
  readonly seed: number;
  /** Port of the tenant; the provider takes the next one. 0: any free ports. */
  readonly port: number;
  /** Folder in which the state, the secrets and a ready-made configuration are kept. */
  readonly directory: string;
  /** Behaviour of the service provider: a profile's name. */
  readonly provider: string;
  /** Who provisions: Headgate, or the tenant's own service, as Entra's does. */
  readonly engine: SandboxEngine;
  /** Port the written configuration gives the daemon. */
  readonly httpPort: number;
}

/** A tenant and a service provider that belong together, with a configuration that connects Headgate to both. */
export interface Sandbox {
  readonly tenant: Tenant;
  readonly provider: SandboxProvider;
  /** appId of the enterprise application. */
  readonly application: string;
  /** The ready-made headgate.yaml. */
  readonly configFile: string;
  /** Whether an earlier run's state was taken up. */
  readonly resumed: boolean;
  save(): Promise<void>;
  /** Saves and stops. */
  close(): Promise<void>;
}

/** Starts a sandbox in a directory, taking up what an earlier one left there. Throws an Error for a taken port. */
export async function openSandbox(options: SandboxOptions): Promise<Sandbox> {
  if (!isBehaviourName(options.provider)) throw new Error(`the sandbox cannot play the profile "${options.provider}"`);
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true });
  const saved = await loadState(directory);
  const { seed, users, groups, port } = options;
  const organisation = saved?.tenant ?? generateOrganisation({ seed, users, groups });
  // Named anew, so that a state of an earlier version has what this one needs.
  const writer = migrationApplication({ permissions: ENTRA_MIGRATION_PERMISSIONS });
  const tenant = await startTenant({ organisation, port, applications: [readerApplication(), writer] });
  const provider = await startProvider({
    port: port === 0 ? 0 : port + 1,
    behaviour: options.provider,
    ...(saved === undefined ? {} : { seed: saved.provider }),
    ...(saved?.tokens === undefined ? {} : { tokens: saved.tokens }),
  }).catch(async (error: unknown) => {
    await tenant.close();
    throw error;
  });
  const at = addresses(tenant, provider);
  const configFile = await writeConfiguration(directory, {
    ...at,
    profile: options.provider,
    engine: options.engine,
    httpPort: options.httpPort,
  });
  if (options.engine === 'entra') await startOwnService(tenant, at);
  const save = () =>
    saveState(directory, { tenant: tenant.snapshot(), provider: provider.snapshot(), tokens: provider.tokens() });
  return {
    tenant,
    provider,
    application: at.application,
    configFile,
    resumed: saved !== undefined,
    save,
    async close() {
      await save();
      await Promise.all([tenant.close(), provider.close()]);
    },
  };
}

/** Entra's own job takes up the connection: a first cycle now, and then again and again. */
async function startOwnService(
  { control }: Tenant,
  { application, scim, scimToken }: Pick<SandboxAddresses, 'application' | 'scim' | 'scimToken'>,
): Promise<void> {
  const target = { url: scim, token: scimToken };
  control.setProvisioningJob(application, 'NotRun', { target, everyMilliseconds: OWN_SERVICE_EVERY_MS });
  await control.runProvisioningJob(application);
}

function addresses(tenant: Tenant, provider: SandboxProvider) {
  const [application, writer] = tenant.applications();
  const migrationSecret = writer?.secrets[0]?.value;
  const [acme] = [...tenant.organisation.servicePrincipals.values(tenant.organisation.version())];
  const secret = application?.secrets[0]?.value;
  if (application === undefined || secret === undefined || acme === undefined || provider.token === undefined) {
    throw new Error('the saved sandbox lacks an application: remove its directory to start over');
  }
  return {
    tenantId: tenant.tenantId,
    clientId: application.clientId,
    clientSecret: secret,
    login: tenant.url,
    graph: tenant.graphUrl,
    application: acme.appId,
    scim: provider.url,
    scimToken: provider.token,
    ...(writer === undefined || migrationSecret === undefined
      ? {}
      : { migration: { clientId: writer.clientId, clientSecret: migrationSecret } }),
  };
}
