import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { configFolder, exampleWith } from '../config/builders.ts';

const LOADER = new URL('../typescript-loader.mjs', import.meta.url).href;
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

const folder = configFolder();
const file = folder.write('bad.yaml', exampleWith('cloud: global', 'cloud: mars'));
afterAll(() => folder.remove());

/** What a command ends with whose output nobody reads: the pipes are closed before it can have written. */
async function endUnread(unread: readonly ('stdout' | 'stderr')[], ...argv: readonly string[]): Promise<unknown> {
  const child = spawn(process.execPath, ['--no-warnings', '--import', LOADER, MAIN, ...argv], { stdio: 'pipe' });
  for (const stream of ['stdout', 'stderr'] as const) {
    if (unread.includes(stream)) child[stream].destroy();
    else child[stream].resume();
  }
  const [code]: unknown[] = await once(child, 'exit');
  return code;
}

test.each([[['stdout']], [['stderr']], [['stdout', 'stderr']]] as const)(
  'a command whose %s is closed early ends with its own code all the same',
  async (unread) => {
    expect(await endUnread(unread, 'config', 'check', '--json', '--config', file)).toBe(78);
    expect(await endUnread(unread, 'plann', '--json')).toBe(64);
  },
);
