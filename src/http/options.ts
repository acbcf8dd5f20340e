import type { CheckResult } from '../ports/directory-source.ts';
import type { Log } from '../ports/log.ts';
import type { MigrationOperator } from '../ports/migration-operator.ts';
import type { Operator } from '../ports/operator.ts';

/** The API token, read at each use so that a rotated file is seen without a restart. */
export interface ApiToken {
  read(): Promise<string>;
}

/** One check of readiness. A directory or provider that is down makes Headgate degraded, not unready. */
export interface ReadinessCheck extends CheckResult {
  /** False for what Headgate can work without for a while. Default true. */
  readonly required?: boolean;
}

export interface HttpOptions {
  readonly operator: Operator;
  readonly migrations: MigrationOperator;
  /** The metrics page, in text format 0.0.4 or OpenMetrics 1.0.0. */
  readonly renderMetrics: (openMetrics: boolean) => Promise<{ readonly contentType: string; readonly body: string }>;
  /** Includes a failing check while shutting down. */
  readonly readiness: () => Promise<readonly ReadinessCheck[]>;
  /** BullMQ queues there are now, on any backend, shown read-only under `/queues`; empty where there is none. */
  readonly queues: Iterable<object>;
  /** Absent: only requests from this machine are served. */
  readonly apiToken: ApiToken | undefined;
  /** Names, beside loopback names and IP addresses, under which people reach this server. */
  readonly hosts: readonly string[];
  readonly log: Log;
  readonly version: string;
  /** How long a readiness check may take (default 3000), and requests under way when the server stops (default 2000). */
  readonly limits?: { readonly readinessMs?: number; readonly drainMs?: number };
}
