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

/** Method, path and body of one write after the other. The requests themselves must not be kept: they hold on to all they touched. */
const sent: (string | Buffer | null)[] = [];

function isSent(value: unknown): value is Sent {
  return typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'body' in value;
}

subscribe('undici:request:create', (message) => {
  const request: unknown =
    typeof message === 'object' && message !== null ? Reflect.get(message, 'request') : undefined;
  if (isSent(request) && request.method !== 'GET' && request.path.startsWith('/scim/'))
    sent.push(request.method, request.path, request.body);
});

process.on('exit', () => {
  const file = process.env['HEADGATE_BENCH_WRITES'];
  if (file === undefined) return;
  const lines: string[] = [];
  for (let at = 0; at < sent.length; at += 3) {
    const [method, path, body] = sent.slice(at, at + 3);
    lines.push(JSON.stringify({ method, path, body: body?.toString() ?? '' }));
  }
  writeFileSync(file, lines.join('\n'));
});
