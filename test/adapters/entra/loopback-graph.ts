import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { createEntraDirectory } from '../../../src/adapters/entra/entra-directory.ts';
import type { EntraOptions, Patience } from '../../../src/adapters/entra/options.ts';
import type { DirectorySource } from '../../../src/ports/directory-source.ts';
import type { Log } from '../../../src/ports/log.ts';
import type { Metrics } from '../../../src/ports/metrics.ts';

export const TENANT = '11111111-1111-4111-8111-111111111111';
export const CLIENT = '22222222-2222-4222-8222-222222222222';
export const SECRET = 'the~client.Secret-value';

export interface SeenRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a scripted server answers: JSON by default, or whatever `send` writes itself. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly text?: string;
  readonly send?: (response: ServerResponse) => void;
}

export type Script = (request: SeenRequest, origin: string) => Reply;

export interface Loopback {
  readonly origin: string;
  readonly seen: SeenRequest[];
  /** Requests to Graph, without those to the login service. */
  graphRequests(): readonly SeenRequest[];
  tokenRequests(): readonly SeenRequest[];
  close(): Promise<void>;
}

/** A server on 127.0.0.1 that answers by script. Token requests get `token-1`, `token-2`, … unless scripted. */
export async function startLoopback(graph: Script, login?: Script): Promise<Loopback> {
  const seen: SeenRequest[] = [];
  const isLogin = (request: SeenRequest): boolean => request.url.startsWith('/login/');
  const tokenRequests = (): readonly SeenRequest[] => seen.filter(isLogin);
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request = {
        method: incoming.method ?? '',
        url: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
      };
      seen.push(request);
      const token = { access_token: `token-${tokenRequests().length}`, token_type: 'Bearer', expires_in: 3600 };
      const script = isLogin(request) ? (login ?? ((): Reply => ({ json: token }))) : graph;
      write(response, script(request, origin));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const origin = `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
  return {
    origin,
    seen,
    graphRequests: () => seen.filter((request) => !isLogin(request)),
    tokenRequests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function write(response: ServerResponse, reply: Reply): void {
  if (reply.send !== undefined) return reply.send(response);
  const type = reply.text === undefined ? 'application/json' : 'text/plain';
  response.writeHead(reply.status ?? 200, { 'content-type': type, ...reply.headers });
  response.end(reply.text ?? JSON.stringify(reply.json ?? {}));
}

/** Graph's error body. */
export function graphError(status: number, code: string, headers: Readonly<Record<string, string>> = {}): Reply {
  const innerError = { 'request-id': 'a1b2c3d4-0000-4000-8000-000000000000' };
  return { status, headers, json: { error: { code, message: 'told about ada@contoso.example', innerError } } };
}

/** Everything metrics were told, as lines. */
export function createSpyMetrics(): { readonly metrics: Metrics; readonly lines: string[] } {
  const lines: string[] = [];
  const tell =
    (name: string) =>
    (...parts: readonly unknown[]): void => {
      lines.push([name, ...parts.filter((part) => typeof part !== 'number' || part >= 100)].join(' '));
    };
  const nothing = (): void => undefined;
  return {
    lines,
    metrics: {
      cycleStarted: nothing,
      cycleClosed: nothing,
      cyclePhase: nothing,
      cycleSkipped: nothing,
      planned: nothing,
      operation: nothing,
      memberships: nothing,
      leaver: nothing,
      request: (api, _connection, method, code) => tell('request')(api, method, code),
      retry: (api, _connection, reason) => tell('retry')(api, reason),
      throttled: (api, _connection, seconds) => lines.push(`throttled ${api} ${seconds}`),
      tokenRequest: tell('token'),
    },
  };
}

/** A log that keeps what it is told as text, to search it for what must not be there. */
export function createSpyLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const tell = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { debug: tell, info: tell, warn: tell, error: tell, child: () => log };
  return { log, lines };
}

export interface TestDirectory {
  readonly directory: DirectorySource;
  /** Waits asked for, in ms. None is really made. */
  readonly waits: number[];
  readonly metrics: readonly string[];
  readonly log: readonly string[];
}

/** A directory on a loopback tenant. Its clock moves only by the waits it asks for. */
export function createTestDirectory(
  endpoints: NonNullable<EntraOptions['endpoints']>,
  overrides: Partial<Omit<EntraOptions, 'patience'>> & { readonly patience?: Partial<Patience> } = {},
): TestDirectory {
  const waits: number[] = [];
  const { metrics, lines } = createSpyMetrics();
  const { log, lines: logged } = createSpyLog();
  let clock = Date.parse('2026-03-01T12:00:00Z');
  const directory = createEntraDirectory({
    tenant: TENANT,
    client: CLIENT,
    credential: { kind: 'client_secret', secret: () => SECRET },
    cloud: 'global',
    endpoints,
    log,
    metrics,
    now: () => clock,
    ...overrides,
    patience: {
      wait: async (ms, signal) => {
        signal.throwIfAborted();
        waits.push(ms);
        clock += ms;
        return Promise.resolve();
      },
      ...overrides.patience,
    },
  });
  return { directory, waits, metrics: lines, log: logged };
}

/** Endpoints of a scripted server. */
export function endpointsOf(origin: string): { readonly login: string; readonly graph: string } {
  return { login: `${origin}/login`, graph: `${origin}/v1.0` };
}

/** Opens directories on loopback servers of their own, and closes all that were opened. */
export function createOpener() {
  const opened: { close(): Promise<void> }[] = [];
  const open = async (
    graph: Script,
    overrides: Parameters<typeof createTestDirectory>[1] = {},
    login?: Script,
  ): Promise<TestDirectory & { readonly server: Loopback }> => {
    const server = await startLoopback(graph, login);
    const test = createTestDirectory(endpointsOf(server.origin), overrides);
    opened.push(server, test.directory);
    return { ...test, server };
  };
  const closeAll = async (): Promise<void> => {
    for (const thing of opened.splice(0).toReversed()) await thing.close();
  };
  return { open, closeAll };
}

/** Answers in turn; the last one for ever. */
export function inTurn(...replies: readonly Reply[]): Script {
  let next = 0;
  return () => replies[Math.min(next++, replies.length - 1)] ?? {};
}
