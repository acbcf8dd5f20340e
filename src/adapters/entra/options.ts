import type { Log } from '../../ports/log.ts';
import type { Metrics } from '../../ports/metrics.ts';

/** How Headgate proves to Entra who it is. Secrets are given as functions so that a rotated file is read again. */
export type EntraCredential =
  | { readonly kind: 'client_secret'; readonly secret: () => Promise<string> | string }
  | {
      readonly kind: 'certificate';
      /** PEM of the private key. */
      readonly privateKey: () => Promise<string> | string;
      /** PEM of the certificate registered with the application; its SHA-256 thumbprint names the key to Entra. */
      readonly certificate: () => Promise<string> | string;
      readonly passphrase?: () => Promise<string> | string;
    }
  | {
      readonly kind: 'managed_identity';
      /** Client id of a user-assigned identity; absent for the system-assigned one. */
      readonly clientId?: string;
    }
  /** Workload identity federation. The file is read at every token request, because the platform replaces it. */
  | { readonly kind: 'workload_identity'; readonly tokenFile: string }
  | { readonly kind: 'workload_identity'; readonly assertion: () => Promise<string> };

export type EntraCloud = 'global' | 'usgov' | 'usgovdod' | 'china';

/** Limits of one request to Graph. Times in ms. The defaults suit a daemon; tests pass their own. */
export interface Patience {
  /** Tries of one request that fail by network or 5xx. Waits ordered by Retry-After do not count as tries. */
  readonly attempts: number;
  /** Longest single wait made here; a longer Retry-After is handed to the caller as ThrottledError. */
  readonly longestWaitMs: number;
  /** All waits of one request together. */
  readonly totalMs: number;
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  /** From the head to the end of a body, however it comes. */
  readonly bodyTimeoutMs: number;
  /** Largest body accepted, in bytes after decompression. */
  readonly largestBody: number;
  /** Resolves after that many ms; rejects with the signal's reason when it aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export interface EntraOptions {
  /** Tenant id or verified domain. Never `common` or `organizations`: an application token belongs to one tenant. */
  readonly tenant: string;
  /** Application (client) id of Headgate's own registration. */
  readonly client: string;
  readonly credential: EntraCredential;
  readonly cloud: EntraCloud;
  /** Base addresses instead of the cloud's own, for sandboxes and proxies. Plain http on loopback hosts only. */
  readonly endpoints?: { readonly login?: string; readonly graph?: string };
  readonly log: Log;
  readonly metrics: Metrics;
  /** Ms since the epoch. */
  readonly now: () => number;
  readonly patience?: Partial<Patience>;
}
