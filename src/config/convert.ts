import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';
import type { DeprovisionRule, RemovalCause } from '../core/connection.ts';
import type { AttributeMapping } from '../core/mapping/attribute-mapping.ts';
import type {
  Config,
  ConnectionConfig,
  DatabaseConfig,
  DirectoryConfig,
  DirectoryCredential,
  NotificationsConfig,
  ProviderCredential,
  QueueConfig,
} from './config.ts';
import { delayMs } from './fields.ts';
import { toClause } from './filter-clause.ts';
import type { FileSettings } from './schema.ts';
import { fileSecret, givenSecret, secretPath } from './secret-files.ts';
import type { FileBase } from './secret-files.ts';
import type { Secret } from './secret.ts';

type FileConnection = FileSettings['connections'][number];

/** Checked settings of the file as the program's own configuration: secrets as readers, paths absolute. */
export function toConfig(
  settings: FileSettings,
  mappings: readonly (readonly AttributeMapping[])[],
  base: FileBase,
): Omit<Config, 'warnings'> {
  return {
    file: base.file,
    database: toDatabase(settings.database, base),
    queue: toQueue(settings.queue, base),
    directory: toDirectory(settings.directory, base),
    connections: settings.connections.map((connection, index) =>
      toConnection(connection, mappings[index] ?? [], `connections[${index}]`, base),
    ),
    credentials: {
      warnDays: settings.credentials.warnDays,
      ...(settings.credentials.key === undefined && settings.credentials.key_file === undefined
        ? {}
        : { key: secretOf('credentials.key', settings.credentials.key, settings.credentials.key_file, base) }),
    },
    notifications: toNotifications(settings.notifications, base),
    http: {
      host: settings.http.host,
      port: settings.http.port,
      tokenFile: secretPath(base, settings.http.token_file),
    },
    log: settings.log,
    worker: settings.worker,
    retention: settings.retention,
    ...(settings.telemetry === undefined ? {} : { telemetry: settings.telemetry }),
  };
}

/** A secret of a pair `x`/`x_file`; the cross-checks made sure that one of the two is given. */
function secretOf(setting: string, given: string | undefined, file: string | undefined, base: FileBase): Secret {
  return file === undefined ? givenSecret(setting, given ?? '') : secretInFile(`${setting}_file`, file, base);
}

function secretInFile(setting: string, file: string, base: FileBase): Secret {
  return fileSecret(base, setting, secretPath(base, file));
}

function toDatabase(database: FileSettings['database'], base: FileBase): DatabaseConfig {
  if (database.url_file !== undefined) {
    return { kind: 'postgres', url: secretInFile('database.url_file', database.url_file, base) };
  }
  const url = database.url ?? 'file:./headgate-data';
  if (!/^file:/i.test(url)) return { kind: 'postgres', url: givenSecret('database.url', url) };
  const path = url.startsWith('file://') ? fileURLToPath(url) : url.slice('file:'.length);
  return { kind: 'embedded', path: resolve(base.directory, path) };
}

function toQueue(queue: FileSettings['queue'], base: FileBase): QueueConfig {
  if (queue.url === undefined && queue.url_file === undefined) return { kind: 'database' };
  return { kind: 'redis', url: secretOf('queue.url', queue.url, queue.url_file, base) };
}

function toDirectory(directory: FileSettings['directory'], base: FileBase): DirectoryConfig {
  const { kind, tenant, client, cloud, endpoints, migration } = directory;
  return {
    kind,
    tenant,
    client,
    cloud,
    credential: toDirectoryCredential(directory.credential, 'directory.credential', base),
    ...(endpoints === undefined
      ? {}
      : { endpoints: { login: withoutSlash(endpoints.login), graph: withoutSlash(endpoints.graph) } }),
    ...(migration === undefined
      ? {}
      : {
          migration: {
            client: migration.client,
            credential: toDirectoryCredential(migration.credential, 'directory.migration.credential', base),
            settleSeconds: migration.settleSeconds,
          },
        }),
  };
}

function toDirectoryCredential(
  credential: FileSettings['directory']['credential'],
  at: string,
  base: FileBase,
): DirectoryCredential {
  switch (credential.kind) {
    case 'client_secret':
      return {
        kind: 'client_secret',
        secret: secretOf(`${at}.secret`, credential.secret, credential.secret_file, base),
      };
    case 'certificate':
      return {
        kind: 'certificate',
        certificate: secretInFile(`${at}.certificate_file`, credential.certificate_file, base),
        privateKey: secretInFile(`${at}.private_key_file`, credential.private_key_file, base),
      };
    case 'managed_identity':
      return {
        kind: 'managed_identity',
        ...(credential.client_id === undefined ? {} : { clientId: credential.client_id }),
      };
    case 'workload_identity':
      return { kind: 'workload_identity', token: secretInFile(`${at}.token_file`, credential.token_file, base) };
    default:
      return credential satisfies never;
  }
}

function toProviderCredential(
  credential: FileConnection['provider']['credential'],
  at: string,
  base: FileBase,
): ProviderCredential {
  const owner = {
    ...(credential.owner === undefined ? {} : { owner: credential.owner }),
    // To the end of that day.
    ...(credential.expires === undefined ? {} : { expiresAt: Date.parse(credential.expires) + 86_400_000 }),
  };
  if (credential.kind === 'bearer') {
    return { kind: 'bearer', token: secretOf(`${at}.token`, credential.token, credential.token_file, base), ...owner };
  }
  return {
    kind: 'oauth_client_credentials',
    tokenUrl: credential.token_url,
    clientId: credential.client_id,
    clientSecret: secretOf(`${at}.client_secret`, credential.client_secret, credential.client_secret_file, base),
    ...(credential.scope === undefined ? {} : { scope: credential.scope }),
    ...owner,
  };
}

function toNotifications({ mail, webhooks }: FileSettings['notifications'], base: FileBase): NotificationsConfig {
  return {
    ...(mail === undefined
      ? {}
      : {
          mail: {
            server: secretOf('notifications.mail.smtp_url', mail.smtp_url, mail.smtp_url_file, base),
            from: mail.from,
            to: mail.to,
            digestMinutes: mail.digestMinutes,
          },
        }),
    webhooks: webhooks.map(({ name, url, secret, secret_file }, index) => ({
      name,
      url,
      secret: secretOf(`notifications.webhooks[${index}].secret`, secret, secret_file, base),
    })),
  };
}

function toConnection(
  connection: FileConnection,
  mapping: readonly AttributeMapping[],
  at: string,
  base: FileBase,
): ConnectionConfig {
  const { name, application, engine, scope, deprovision, drift, guards, provider, schedule, quarantine } = connection;
  return {
    name,
    application,
    ...(engine === 'entra' ? { engine } : {}),
    scope: toScope(scope),
    mapping,
    deprovision: toDeprovision(deprovision),
    drift,
    guards,
    quarantine,
    provider: {
      profile: provider.profile,
      url: withoutSlash(provider.url),
      credential: toProviderCredential(provider.credential, `${at}.provider.credential`, base),
      timeoutSeconds: provider.timeoutSeconds,
      ...(provider.concurrency === undefined ? {} : { concurrency: provider.concurrency }),
      ...(provider.requestsPerSecond === undefined ? {} : { requestsPerSecond: provider.requestsPerSecond }),
    },
    schedule: {
      timezone: schedule.timezone,
      ...(schedule.incremental === undefined ? {} : { incremental: schedule.incremental }),
      ...(schedule.full === undefined ? {} : { full: schedule.full }),
      ...(schedule.audit === undefined ? {} : { audit: schedule.audit }),
    },
  };
}

/** Without filters the scope is what it was before there were any, so that its digest is. */
function toScope({ filters, ...scope }: FileConnection['scope']): ConnectionConfig['scope'] {
  if (filters.length === 0) return scope;
  return { ...scope, filters: filters.map(({ name, clauses }) => ({ name, clauses: clauses.map(toClause) })) };
}

type FileDeprovision = FileConnection['deprovision'];

function toDeprovision(given: FileDeprovision): ConnectionConfig['deprovision'] {
  const rule = (cause: RemovalCause): DeprovisionRule => {
    const setting = given[cause];
    if (typeof setting === 'string') return { action: setting, afterMs: 0 };
    return { action: setting.action, afterMs: delayMs(setting.after) };
  };
  return {
    unassigned: rule('unassigned'),
    disabled: rule('disabled'),
    softDeleted: rule('softDeleted'),
    hardDeleted: rule('hardDeleted'),
    filtered: rule('filtered'),
  };
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
