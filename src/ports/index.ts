import type { ConnectionRules } from '../core/connection.ts';
import type { ProbeDelays } from '../core/quarantine.ts';
import type { CompiledMapping } from '../core/mapping/compile-mapping.ts';
import type { Clock } from './clock.ts';
import type { ConfiguredSecret, SecretVault } from './credentials.ts';
import type { DirectorySource } from './directory-source.ts';
import type { DirectoryWriter } from './directory-writer.ts';
import type { JobQueue } from './job-queue.ts';
import type { NotificationChannel } from './notifications.ts';
import type { Metrics } from './metrics.ts';
import type { ServiceProvider } from './service-provider.ts';
import type { Stores } from './stores.ts';

/** One enterprise application paired with one service provider, ready to use. */
export interface Connection {
  readonly rules: ConnectionRules;
  readonly mapping: CompiledMapping;
  readonly directory: DirectorySource;
  readonly provider: ServiceProvider;
  /** The credential the configuration names. Another one may be in use: see CredentialStore. */
  readonly credential: ConfiguredSecret;
  /** Base URL of the service provider: what is linked is linked to what is there. */
  readonly target: string;
  /** The directory's tenant: what is linked is linked to people there. */
  readonly tenant: string;
  /** Requests in flight at the provider at most, over all slices. */
  readonly concurrency: number;
  /** How often a provider in trouble is asked whether it is well again; DEFAULT_PROBES unless given. */
  readonly probes?: ProbeDelays;
}

/** How a worker takes work. */
export interface WorkerSettings {
  /** This process in leases: unique per start. */
  readonly id: string;
  /** How long a worker may stay silent before another takes over, in ms. */
  readonly leaseMs: number;
  /** Most operations in one slice. */
  readonly sliceSize: number;
  /** Slices of one connection handed to the queue at a time. */
  readonly window: number;
}

/**
 * What this process knows of how fast a provider is. Slices are sized to about a second of its present pace, so that pause
 * and stop take effect soon.
 */
export interface Pace {
  /**
   * Operations the next slice of the connection should hold, at least one. What was learnt before a ceiling of so many
   * requests a second was set, or lowered, does not count beyond it.
   */
  sliceSize(connection: string, requestsPerSecond?: number): number;
  /** Tells how long a slice of so many operations took, in ms. */
  learn(connection: string, operations: number, elapsedMs: number): void;
  /**
   * Waits until the slice before has handed out its last operation, and returns what lets the next one go. Calling that
   * twice does no harm.
   */
  turn(connection: string): Promise<() => void>;
  /** Operations a second of late; undefined before the first slice. */
  perSecond(connection: string): number | undefined;
  /** Remembers that the provider asked for a pause until then (ms since the epoch). */
  throttle(connection: string, until: number): void;
  /** Until when slices under way must not send; undefined when they may. */
  throttledUntil(connection: string, now: number): number | undefined;
}

/** Bounds how many cycles one process prepares at a time: each holds its tenant in memory. Waiting ones wait in turn. */
export interface Gatherings {
  run(work: (aside: Aside) => Promise<void>): Promise<void>;
}

/** Waits for somebody else without a place among the gatherings. Whoever waits so holds next to nothing in memory. */
export type Aside = <T>(wait: () => Promise<T>) => Promise<T>;

/** Everything a job receives. */
export interface Ports {
  readonly stores: Stores;
  readonly queue: JobQueue;
  /** The connections configured now. A reload changes what is in it, so it is asked anew for every step. */
  readonly connections: ReadonlyMap<string, Connection>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly worker: WorkerSettings;
  readonly pace: Pace;
  readonly gatherings: Gatherings;
  readonly vault: SecretVault;
  /** Ways to people, by name. */
  readonly channels: ReadonlyMap<string, NotificationChannel>;
  readonly migration: MigrationPorts;
}

/** What migrations need beside the rest. */
export interface MigrationPorts {
  /** The separate identity that writes to the directory; absent where none is configured. */
  readonly writer?: DirectoryWriter;
  /** Between two reads that must agree before a change is believed, in ms. */
  readonly settleMs: number;
}
