import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process of our own TypeScript that a test may kill. */
export interface TestChild {
  readonly pid: number;
  /** Lines it has written so far. */
  readonly lines: readonly string[];
  /** Resolves when that many lines were written; rejects with its error output when it ends before. */
  wrote(count: number): Promise<void>;
  /** Kills it as a power switch would, and resolves when it is gone. */
  kill(): Promise<void>;
}

const LOADER = new URL('typescript-loader.mjs', import.meta.url).href;

/** Starts a TypeScript file in a Node process of its own. */
export function startChild(script: URL, argv: readonly string[]): TestChild {
  const child = spawn(process.execPath, ['--no-warnings', '--import', LOADER, fileURLToPath(script), ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const waiting = new Set<{ readonly count: number; readonly resolve: () => void }>();
  let errors = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const waiter of waiting) if (lines.length >= waiter.count) waiter.resolve();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  const gone = ended(child);
  return {
    pid: child.pid ?? 0,
    lines,
    wrote: (count) =>
      new Promise((resolve, reject) => {
        waiting.add({ count, resolve });
        if (lines.length >= count) resolve();
        void gone.then((code) => reject(new Error(`the child ended with ${code}: ${errors}`)));
      }),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
}
