import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { Secret } from '../config/secret.ts';
import type { SandboxProvider } from '../sandbox/provider/provider.ts';
import type { Tenant } from '../sandbox/tenant/tenant.ts';

function given(origin: string, value: string): Secret {
  return new Secret(origin, async () => value);
}

/** The configuration in force with every address replaced: nothing in it leads to anything real. */
export function stageConfig(
  real: Config,
  connection: string,
  directory: string,
  { tenant, provider }: { readonly tenant: Tenant; readonly provider: SandboxProvider },
): Config {
  const [reader, writer] = tenant.applications();
  const settings = real.connections.find(({ name }) => name === connection);
  const [secret, writing] = [reader?.secrets[0]?.value, writer?.secrets[0]?.value];
  if (settings === undefined || provider.token === undefined)
    throw new Error(`no connection ${connection} to rehearse`);
  if (reader === undefined || writer === undefined || secret === undefined || writing === undefined)
    throw new Error('the sandbox tenant has no applications');
  const { profile, credential } = settings.provider;
  const owner = credential.owner === undefined ? {} : { owner: credential.owner };
  const token = given('the token of the rehearsal', provider.token);
  return {
    file: join(directory, 'headgate.yaml'),
    database: { kind: 'embedded', path: join(directory, 'data') },
    queue: { kind: 'database' },
    directory: {
      kind: 'entra',
      tenant: tenant.tenantId,
      client: reader.clientId,
      credential: { kind: 'client_secret', secret: given('the directory of the rehearsal', secret) },
      cloud: 'global',
      endpoints: { login: tenant.url, graph: tenant.graphUrl },
      migration: {
        client: writer.clientId,
        credential: { kind: 'client_secret', secret: given('the writer of the rehearsal', writing) },
        // The sandbox's replicas agree at once: two reads in a row need not be apart.
        settleSeconds: 0,
      },
    },
    connections: [
      {
        ...settings,
        provider: {
          profile,
          url: provider.url,
          credential: { kind: 'bearer', token, ...owner },
          timeoutSeconds: settings.provider.timeoutSeconds,
          // The pace of the real provider is kept there, for its sake; here it would only cost time.
          requestsPerSecond: 10_000,
        },
        schedule: { timezone: 'UTC' },
      },
    ],
    credentials: { warnDays: [] },
    notifications: { webhooks: [] },
    http: { host: '127.0.0.1', port: 0, tokenFile: join(directory, 'api-token') },
    log: real.log,
    worker: real.worker,
    retention: real.retention,
    warnings: [],
  };
}
