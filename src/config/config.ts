import type { ConnectionRules } from '../core/connection.ts';
import type { ConfigProblem } from '../core/errors.ts';
import type { ProfileName } from '../core/profile.ts';
import type { Secret } from './secret.ts';

/** The whole configuration, checked and with paths made absolute. Safe to print: secrets show as `[redacted]`. */
export interface Config {
  /** Absolute path of the file it was read from. */
  readonly file: string;
  readonly database: DatabaseConfig;
  readonly queue: QueueConfig;
  readonly directory: DirectoryConfig;
  readonly connections: readonly ConnectionConfig[];
  readonly credentials: CredentialsConfig;
  readonly notifications: NotificationsConfig;
  readonly http: HttpConfig;
  readonly log: LogConfig;
  readonly worker: WorkerConfig;
  readonly retention: RetentionConfig;
  /** Where traces go; absent: there are none. */
  readonly telemetry?: { readonly otlp: string };
  /** Things that work but should be looked at, such as a secret file everybody can read. */
  readonly warnings: readonly ConfigProblem[];
}

/** State: an embedded PGlite data directory, or a PostgreSQL server whose URL may hold a password. */
export type DatabaseConfig =
  { readonly kind: 'embedded'; readonly path: string } | { readonly kind: 'postgres'; readonly url: Secret };

/** Queue: Redis by URL, or BullMQ's PostgreSQL backend on the database. */
export type QueueConfig = { readonly kind: 'redis'; readonly url: Secret } | { readonly kind: 'database' };

export const CLOUDS = ['global', 'usgov', 'usgovdod', 'china'] as const;
export type Cloud = (typeof CLOUDS)[number];

export type DirectoryCredential =
  | { readonly kind: 'client_secret'; readonly secret: Secret }
  /** PEM texts. */
  | { readonly kind: 'certificate'; readonly certificate: Secret; readonly privateKey: Secret }
  | { readonly kind: 'managed_identity'; readonly clientId?: string }
  /** A federated token, read anew for every use because the platform replaces it every hour or so. */
  | { readonly kind: 'workload_identity'; readonly token: Secret };

export interface DirectoryConfig {
  readonly kind: 'entra';
  readonly tenant: string;
  readonly client: string;
  readonly credential: DirectoryCredential;
  readonly cloud: Cloud;
  /** Overrides of the cloud's own addresses; https, or plain http on loopback. */
  readonly endpoints?: { readonly login: string; readonly graph: string };
  readonly migration?: MigrationIdentityConfig;
}

/** The separate identity migrations write to the directory with. */
export interface MigrationIdentityConfig {
  readonly client: string;
  readonly credential: DirectoryCredential;
  /** Between two reads that must agree before a change in the directory is believed. */
  readonly settleSeconds: number;
}

export type ProviderCredential = (
  | { readonly kind: 'bearer'; readonly token: Secret }
  | {
      readonly kind: 'oauth_client_credentials';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: Secret;
      readonly scope?: string;
    }
) & {
  /** Who generated it (userPrincipalName or object id), or `service-account`: at many providers it dies with that account. */
  readonly owner?: string;
  /** When it stops working, in ms since the epoch. */
  readonly expiresAt?: number;
};

export interface ProviderConfig {
  readonly profile: ProfileName;
  /** Base URL of the SCIM endpoint without a trailing slash. */
  readonly url: string;
  readonly credential: ProviderCredential;
  /** Requests in flight at once; the profile's own number when absent. */
  readonly concurrency?: number;
  /** Requests a second at most; the profile's own number when absent. */
  readonly requestsPerSecond?: number;
  /** How long one request may take, in seconds. */
  readonly timeoutSeconds: number;
}

/** Cron patterns of five fields. An absent one means: not on a schedule. */
export interface ScheduleConfig {
  readonly incremental?: string;
  readonly full?: string;
  readonly audit?: string;
  /** IANA time zone the patterns are read in. */
  readonly timezone: string;
}

/** One connection: an enterprise application paired with a service provider. */
export interface ConnectionConfig extends ConnectionRules {
  readonly provider: ProviderConfig;
  readonly schedule: ScheduleConfig;
  readonly quarantine: QuarantineConfig;
}

/** How often a provider in trouble is asked whether it is well again. */
export interface QuarantineConfig {
  readonly firstProbeSeconds: number;
  readonly longestProbeSeconds: number;
}

/** How credentials of connections are kept. */
export interface CredentialsConfig {
  /** Encrypts stored secrets; without it none can be stored. */
  readonly key?: Secret;
  /** Days before an expiry on which a warning is given. */
  readonly warnDays: readonly number[];
}

/** Who is told what happens to tokens and connections. */
export interface NotificationsConfig {
  readonly mail?: {
    readonly server: Secret;
    readonly from: string;
    readonly to: readonly string[];
    readonly digestMinutes: number;
  };
  readonly webhooks: readonly { readonly name: string; readonly url: string; readonly secret: Secret }[];
}

export interface HttpConfig {
  readonly host: string;
  readonly port: number;
  /** The API token; the daemon makes the file when it is missing. */
  readonly tokenFile: string;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LogConfig {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

export interface WorkerConfig {
  /** How long a slice or a gathering belongs to a worker that stops answering, in seconds. */
  readonly leaseSeconds: number;
  /** How long a stopping daemon waits for requests under way, in seconds. */
  readonly drainSeconds: number;
}

/** How long closed cycles and the provisioning log are kept, in days. */
export interface RetentionConfig {
  readonly logDays: number;
  /** Cycles in which nothing was to do. */
  readonly unchangedCycleDays: number;
}
