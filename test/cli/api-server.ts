import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { EXAMPLE } from '../config/builders.ts';

export const API_TOKEN = 'api-t0ken';

/** What the server was asked, in order. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

/** A daemon's API on a free port, with answers given by the test, and a configuration that points to it. */
export interface ApiServer {
  readonly app: FastifyInstance;
  readonly asked: readonly Asked[];
  readonly configFile: string;
  readonly folder: string;
  close(): Promise<void>;
}

/** A folder with a configuration whose API is expected at `port`. */
export function configFor(port: number): { readonly folder: string; readonly configFile: string } {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-cli-'));
  for (const [name, text] of [
    ['entra-secret', 's'],
    ['acme-token', 't'],
    ['headgate-api-token', `${API_TOKEN}\n`],
  ] as const) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  }
  const configFile = join(folder, 'headgate.yaml');
  writeFileSync(configFile, `${EXAMPLE}http: { port: ${port} }\n`);
  return { folder, configFile };
}

export async function startApi(routes: (app: FastifyInstance) => void): Promise<ApiServer> {
  const app = Fastify();
  const asked: Asked[] = [];
  app.addHook('preHandler', async (request) => {
    if (request.url === '/livez') return;
    const { method, url, body } = request;
    asked.push({ method, url, authorization: request.headers.authorization, body });
  });
  app.get('/livez', async () => ({ status: 'ok' }));
  routes(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const { folder, configFile } = configFor(address.port);
  return {
    app,
    asked,
    folder,
    configFile,
    async close() {
      await app.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
