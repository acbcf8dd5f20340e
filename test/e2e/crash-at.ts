/**
 * Loaded into a daemon with `node --import <this file, built>?origin=<of the provider>&at=<n or name>`: kills the process
 * with SIGKILL at the n-th boundary after it was armed by SIGWINCH, or at the first of a name, or at the n-th of a name (`name#n`). A boundary is the moment before or after a transaction, and
 * the moment before a write to the service provider leaves, after it has left, and when its answer arrives.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';

/** What the process says about itself on its standard error. */
export const ARMED = 'crash-at: armed';
export const DYING = 'crash-at: dying at ';

/** Happens by the clock, so that counting it would make the boundaries of two runs differ. */
const BY_THE_CLOCK: ReadonlySet<unknown> = new Set(['cycles.renewSlice']);

const parameters = new URL(import.meta.url).searchParams;
const origin = parameters.get('origin');
const at = parameters.get('at');
let armed = false;
let seen = 0;
const seenOf = new Map<string, number>();

function say(line: string): void {
  // Not console.error: nothing may wait in a buffer when the process dies.
  writeSync(2, `${line}\n`);
}

function reach(boundary: string): void {
  if (!armed) return;
  seen += 1;
  const times = (seenOf.get(boundary) ?? 0) + 1;
  seenOf.set(boundary, times);
  if (at !== String(seen) && at !== `${boundary}#${times}` && !(at === boundary && times === 1)) return;
  say(`${DYING}${seen}: ${boundary}`);
  process.kill(process.pid, 'SIGKILL');
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** The method and collection of a write to the provider; nothing for other requests. */
function writeOf(message: unknown): string | undefined {
  const request = property(message, 'request');
  const method = property(request, 'method');
  if (property(request, 'origin') !== origin || method === 'GET') return undefined;
  const [collection] = /Users|Groups/.exec(String(property(request, 'path'))) ?? ['?'];
  return `${String(method)} ${collection}`;
}

function watchRequests(name: string, moment: string): void {
  subscribe(name, (message) => {
    const write = writeOf(message);
    if (write !== undefined) reach(`${moment} ${write}`);
  });
}

if (origin !== null) {
  subscribe('headgate:commit', (message) => {
    const name = property(message, 'name');
    if (!BY_THE_CLOCK.has(name)) reach(`${String(property(message, 'phase'))} ${String(name)}`);
  });
  watchRequests('undici:request:create', 'before');
  watchRequests('undici:request:bodySent', 'sent');
  watchRequests('undici:request:headers', 'answered');
  process.on('SIGWINCH', () => {
    armed = true;
    say(ARMED);
  });
}
