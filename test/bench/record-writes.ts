import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';

/*
 * Loaded into the daemon before anything else (`--import`). Keeps every write it sends to the provider and puts them into
 * the file named by HEADGATE_BENCH_WRITES when the process ends, one JSON line each. Costs one push per request.
 */

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer | string | null;
}

const sent: Sent[] = [];

function isSent(value: unknown): value is Sent {
  return typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'body' in value;
}

subscribe('undici:request:create', (message) => {
  const request: unknown =
    typeof message === 'object' && message !== null ? Reflect.get(message, 'request') : undefined;
  if (isSent(request) && request.method !== 'GET' && request.path.startsWith('/scim/')) sent.push(request);
});

process.on('exit', () => {
  const file = process.env['HEADGATE_BENCH_WRITES'];
  if (file === undefined) return;
  const lines = sent.map(({ method, path, body }) => JSON.stringify({ method, path, body: body?.toString() ?? '' }));
  writeFileSync(file, lines.join('\n'));
});
