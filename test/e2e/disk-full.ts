/**
 * Loaded into a daemon with `node --import <this file, built>`: SIGWINCH makes every write that would make a file longer fail
 * as on a full disk, which shows no room then, and the next SIGWINCH makes room again. Writes into what a file has already are carried out, as on a
 * real disk. With `?at=<name>&at=<name>` the disk does not fill at once, but at the next commit of the first name, then
 * of the second, and so on.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** What the process says about itself on its standard error. */
export const ARMED = 'disk-full: armed';
export const FULL = 'disk-full: full';
export const ROOM = 'disk-full: room';

const COMMIT = 'headgate:commit';
const write = fs.writeSync;
const { statfs } = fs.promises;
let full = false;

function grows(descriptor: number, [, , length, position]: readonly unknown[]): boolean {
  const file = fs.fstatSync(descriptor);
  return file.isFile() && typeof length === 'number' && typeof position === 'number' && position + length > file.size;
}

function writeWhereThereIsRoom(descriptor: number, ...rest: unknown[]): number {
  if (full && grows(descriptor, rest))
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28 });
  return Reflect.apply(write, fs, [descriptor, ...rest]);
}

async function roomWhereThereIsRoom(path: fs.PathLike): Promise<fs.StatsFs> {
  const found = await statfs(path);
  return full ? Object.assign(found, { bavail: 0 }) : found;
}

function turn(to: boolean): void {
  full = to;
  process.stderr.write(`${full ? FULL : ROOM}\n`);
}

/** Fills the disk at the next commit of that name. */
function fillAt(name: string): void {
  const listen = (message: unknown): void => {
    if (typeof message !== 'object' || message === null || Reflect.get(message, 'phase') !== 'before') return;
    if (Reflect.get(message, 'name') !== name) return;
    unsubscribe(COMMIT, listen);
    turn(true);
  };
  subscribe(COMMIT, listen);
  process.stderr.write(`${ARMED}\n`);
}

const url = new URL(import.meta.url);
if (url.pathname.endsWith('.js')) {
  Object.assign(fs, { writeSync: writeWhereThereIsRoom });
  Object.assign(fs.promises, { statfs: roomWhereThereIsRoom });
  syncBuiltinESMExports();
  const moments = url.searchParams.getAll('at');
  process.on('SIGWINCH', () => {
    const next = full ? undefined : moments.shift();
    if (next === undefined) turn(!full);
    else fillAt(next);
  });
}
