import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from './exit-codes.ts';
import { Interrupted } from './io.ts';
import type { CliIo } from './io.ts';
import type { CliParts } from './parts.ts';
import { runCli } from './program.ts';

/** Runs the command line of this process and leaves its exit code behind. The process ends when nothing is left to do. */
export async function runProcess(parts: CliParts): Promise<void> {
  process.exitCode = await runCli(process.argv.slice(2), createProcessIo(), parts);
}

/** Streams, environment, time and signals of this process. To be made once: it listens to them. */
export function createProcessIo(): CliIo {
  let interrupts: AbortSignal | undefined;
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    now: () => Date.now(),
    async pause(ms, signal) {
      // The only way it rejects is the signal, and the caller looks at that itself.
      await sleep(ms, undefined, { signal }).catch(() => undefined);
    },
    readSecret,
    interrupts: () => (interrupts ??= listenForSignals()),
    unread: bearSilence(),
  };
}

async function readSecret(prompt: string): Promise<string> {
  if (!process.stdin.isTTY) return readAll(process.stdin);
  process.stderr.write(prompt);
  // Output that goes nowhere: the line editor would show what is typed.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return await lines.question('');
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

/** A terminal that is closed asks for an end as SIGTERM does: what a command keeps only while it runs must be cleared up. */
const ENDS = { SIGINT: 'SIGINT', SIGTERM: 'SIGTERM', SIGHUP: 'SIGTERM' } as const;

function listenForSignals(): AbortSignal {
  const controller = new AbortController();
  for (const [name, signal] of Object.entries(ENDS)) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated);
      controller.abort(new Interrupted(signal));
    });
  }
  return controller.signal;
}

/**
 * `headgate plan | head` closes the pipe early. That is no failure of ours, and no reason to end either: what the command
 * does is not over, and its exit code is still to be told. The signal aborts when nobody reads `stdout` any more.
 */
function bearSilence(): AbortSignal {
  const unread = new AbortController();
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (stream === process.stdout) unread.abort();
    });
  }
  return unread.signal;
}
