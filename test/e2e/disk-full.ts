/**
 * Loaded into a daemon with `node --import <this file, built>`: SIGWINCH makes every write that would make a file longer fail
 * as on a full disk, and the next SIGWINCH makes room again. Writes into what a file has already are carried out, as on a
 * real disk.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** What the process says about itself on its standard error. */
export const FULL = 'disk-full: full';
export const ROOM = 'disk-full: room';

const write = fs.writeSync;
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

if (import.meta.url.endsWith('.js')) {
  Object.assign(fs, { writeSync: writeWhereThereIsRoom });
  syncBuiltinESMExports();
  process.on('SIGWINCH', () => {
    full = !full;
    process.stderr.write(`${full ? FULL : ROOM}\n`);
  });
}
