import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A program of ours in a process of its own. */
export interface Program {
  /** The first line of JSON it printed. */
  readonly said: string;
  /** Asks it to end and waits until it has. */
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
// Whatever happens to the benchmark, nothing of it stays behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Path of a built program, given relative to this folder. */
export function built(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** Starts `node <argv>` and resolves with the first line of JSON it prints. Throws when it ends before that. */
export async function startProgram(argv: readonly string[]): Promise<Program> {
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  const ended = once(child, 'exit').then(() => running.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${argv.join(' ')} ended before it was ready`);
    if (!value.startsWith('{')) continue;
    child.stdout.resume();
    return {
      said: value,
      async stop() {
        child.kill('SIGTERM');
        await ended;
      },
    };
  }
}
