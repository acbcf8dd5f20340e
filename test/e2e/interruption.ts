import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { eventually, type World } from './world.ts';

/** The built command line. */
export const ENTRY = new URL('../../dist/src/cli/main.js', import.meta.url).pathname;

/** A command in a process of its own that can be interrupted. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly said: () => string;
  /** Resolves when it has said so. */
  says(words: RegExp): Promise<unknown>;
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>;
}

/** Starts a command on the world's configuration. */
export function begin(world: World, ...argv: readonly string[]): RunningCommand {
  const child = spawn(process.execPath, [ENTRY, ...argv], { cwd: world.directory, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const says = (words: RegExp) => eventually(async () => (words.test(text) ? true : undefined));
  return { child, said: () => text, says, ended: exitCode(child) };
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  const [code]: (number | null)[] = await once(child, 'close');
  return code ?? null;
}

/** Lets a few writes through to the provider and holds the others until it is opened. */
export function closeGate(world: World, through: number) {
  let writes = 0;
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  const reached = new Promise<void>((resolve) => {
    world.provider.observe({
      async beforeWrite() {
        writes += 1;
        if (writes <= through) return;
        resolve();
        await opened;
      },
    });
  });
  return { open, reached };
}
