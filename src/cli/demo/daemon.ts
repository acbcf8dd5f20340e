import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { HttpConfig } from '../../config/config.ts';
import { StartupError } from '../../core/errors.ts';
import { daemonLives } from '../transport.ts';

const ENTRY = fileURLToPath(new URL('../main.js', import.meta.url));
/** Opening an embedded database for the first time takes a few seconds on a small machine. */
const START_ATTEMPTS = 240;
const ATTEMPT_MS = 250;

/** A port nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/** A daemon in a process of its own. */
export interface DemoDaemon {
  stop(): Promise<void>;
}

/** Starts `headgate serve` with its log in a file and waits until it answers. Throws when it ends before that. */
export async function startDaemon(
  configFile: string,
  http: HttpConfig,
  logFile: string,
  pause: (ms: number) => Promise<void>,
): Promise<DemoDaemon> {
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [ENTRY, 'serve', '--config', configFile], { stdio: ['ignore', log, log] });
  const ended = once(child, 'exit');
  for (let attempt = 0; attempt < START_ATTEMPTS && child.exitCode === null; attempt++) {
    if (await daemonLives(http)) {
      return {
        async stop() {
          child.kill('SIGTERM');
          await ended;
        },
      };
    }
    await pause(ATTEMPT_MS);
  }
  child.kill('SIGKILL');
  throw new StartupError('the daemon did not start', { remedy: `its log says why: ${logFile}` });
}
