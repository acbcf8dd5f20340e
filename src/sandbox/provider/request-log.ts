import { hash } from 'node:crypto';

/** One request as a test may ask about it. No query string and no body: both carry personal data. */
export interface SeenRequest {
  /** Counts from 1, over the life of the provider. */
  readonly number: number;
  readonly method: string;
  /** Whole path, without the query. */
  readonly path: string;
  /** 0 when the connection was broken instead of an answer. */
  readonly status: number;
  /** First half of the SHA-256 of the body in hexadecimal, or an empty string without a body. */
  readonly bodyDigest: string;
  /** Whether anything stored was changed. */
  readonly applied: boolean;
  readonly resourceId: string | undefined;
}

/** The requests seen, oldest first; the oldest are dropped beyond the limit. */
export interface RequestLog {
  add(seen: SeenRequest): void;
  all(): readonly SeenRequest[];
  /** Counts every request ever seen, dropped ones too. */
  next(): number;
  clear(): void;
}

/** Digest of a request body, to see whether two requests were the same. */
export function digestOf(body: Buffer | undefined): string {
  return body === undefined || body.length === 0 ? '' : hash('sha256', body).slice(0, 32);
}

/** An empty log. */
export function createRequestLog(limit: number): RequestLog {
  let seen: SeenRequest[] = [];
  let count = 0;
  return {
    add(request) {
      seen.push(request);
      // Trimmed in halves, so that the cost of moving the array is paid rarely.
      if (seen.length >= limit * 2) seen = seen.slice(-limit);
    },
    all: () => seen.slice(-limit),
    next: () => (count += 1),
    clear() {
      seen = [];
    },
  };
}
