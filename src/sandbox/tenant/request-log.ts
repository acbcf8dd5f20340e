/** One request as seen. Paths carry object ids; queries, bodies and headers, which carry more, are not kept. */
export interface SeenRequest {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly clientId: string | null;
  /** Whether it came inside a $batch. */
  readonly batched: boolean;
}

export interface RequestLog {
  add(request: SeenRequest): void;
  /** The last requests, oldest first; the log forgets older ones. */
  requests(): readonly SeenRequest[];
  /** Every request since the start, by method, path with ids starred, and status: `GET /users/* 200`. */
  counters(): Readonly<Record<string, number>>;
  clear(): void;
}

const ID = /^(?:[0-9a-f]{8}-[0-9a-f-]{27}|.*(?:@|%40).*)$/i;

function template(path: string): string {
  return path
    .split('/')
    .map((segment) => (ID.test(segment) ? '*' : segment))
    .join('/')
    .replaceAll(/\((\w+=)?'[^/]*'\)/g, '/*');
}

export function createRequestLog(limit: number): RequestLog {
  let seen: SeenRequest[] = [];
  let counters = new Map<string, number>();
  return {
    add(request) {
      seen.push(request);
      // Trimmed by halves, so that a long run does not copy the log for each request.
      if (seen.length > limit * 2) seen = seen.slice(-limit);
      const name = `${request.method} ${template(request.path)} ${request.status}`;
      counters.set(name, (counters.get(name) ?? 0) + 1);
    },
    requests: () => seen.slice(-limit),
    counters: () => Object.fromEntries(counters),
    clear() {
      seen = [];
      counters = new Map();
    },
  };
}
