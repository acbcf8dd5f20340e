import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

/** One request that went through. */
export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

interface RecordingProxy {
  /** To be used in place of the address it stands before. */
  readonly origin: string;
  readonly recorded: readonly Recorded[];
  close(): Promise<void>;
}

/** Hands every request on, unchanged, and remembers it; `before` is told of it first. The Host header stays, so that links lead back here. */
async function startRecordingProxy(
  target: string,
  before: (request: Recorded) => void = () => undefined,
): Promise<RecordingProxy> {
  const { hostname, port } = new URL(target);
  const recorded: Recorded[] = [];
  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const body = await text(incoming);
    const seen = { method, path, body };
    recorded.push(seen);
    before(seen);
    const onward = request({ hostname, port, method, path, headers });
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      onward.once('response', resolve).once('error', reject).end(body);
    });
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  };
  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing).catch(() => outgoing.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy listens nowhere');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    recorded,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface RecordedWorld {
  readonly tenant: { readonly url: string };
  readonly provider: { readonly url: string };
  readonly configFile: string;
}

/** Puts a proxy before the tenant and before the provider of a world, for every program that reads its configuration from now on. */
export async function recordWorld(
  { tenant, provider, configFile }: RecordedWorld,
  beforeDirectory?: (request: Recorded) => void,
): Promise<{
  readonly directory: RecordingProxy['recorded'];
  readonly provider: RecordingProxy['recorded'];
  close(): Promise<void>;
}> {
  const [toTenant, toProvider] = await Promise.all([
    startRecordingProxy(tenant.url, beforeDirectory),
    startRecordingProxy(provider.url),
  ]);
  const through = readFileSync(configFile, 'utf8')
    .replaceAll(new URL(tenant.url).origin, toTenant.origin)
    .replaceAll(new URL(provider.url).origin, toProvider.origin);
  writeFileSync(configFile, through);
  return {
    directory: toTenant.recorded,
    provider: toProvider.recorded,
    async close() {
      await Promise.all([toTenant.close(), toProvider.close()]);
    },
  };
}

/** Whether a request could change anything: all but reads, a token, and a $batch of reads. */
export function isWrite({ method, path: target, body }: Recorded): boolean {
  const [path = ''] = target.split('?');
  if (method === 'GET') return false;
  if (method === 'POST' && path.endsWith('/oauth2/v2.0/token')) return false;
  if (method !== 'POST' || !path.endsWith('/$batch')) return true;
  const { requests }: { requests: readonly { method: string }[] } = JSON.parse(body);
  return requests.some((one) => one.method !== 'GET');
}
