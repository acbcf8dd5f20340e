import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openApiToken } from '../src/api-token.ts';
import { StartupError } from '../src/core/errors.ts';

/** Looks for each file until it is there, and counts those that had nothing in them at first sight. */
const FIRST_SIGHT = `
  const { readFileSync } = require('node:fs');
  const { parentPort, workerData } = require('node:worker_threads');
  let empty = 0;
  for (const file of workerData) {
    for (;;) {
      try {
        if (readFileSync(file).length === 0) empty += 1;
        break;
      } catch {}
    }
  }
  parentPort.postMessage(empty);
`;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headgate-token-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('the API token file', () => {
  test('is made once, for its owner alone, however many processes start together', async () => {
    for (let round = 0; round < 20; round++) {
      const file = join(directory, `token-${round}`);
      const open = async () => (await openApiToken(file)).read();
      const tokens = new Set(await Promise.all(Array.from({ length: 20 }, open)));
      expect([...tokens]).toEqual([(await readFile(file, 'utf8')).trim()]);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
    }
    // Nothing else is left beside it that could be taken for a secret.
    expect(await readdir(directory)).toHaveLength(20);
  });

  test('is never there without its token, so that a process killed meanwhile leaves none or a good one', async () => {
    const files = Array.from({ length: 200 }, (_, index) => join(directory, `token-${index}`));
    const watcher = new Worker(FIRST_SIGHT, { eval: true, workerData: files });
    const seen = once(watcher, 'message');
    await once(watcher, 'online');
    for (const file of files) await openApiToken(file);
    const [empty] = await seen;
    expect(empty).toBe(0);
  });

  test('is kept when it is there', async () => {
    const file = join(directory, 'token');
    await writeFile(file, 'chosen by an operator\n');
    const token = await openApiToken(file);
    expect(await token.read()).toBe('chosen by an operator');
  });

  test('that is empty is refused: an API without a token would be open to everybody', async () => {
    const file = join(directory, 'token');
    await writeFile(file, '\n');
    await expect(openApiToken(file)).rejects.toThrow(StartupError);
  });

  test('that cannot be made is refused', async () => {
    await expect(openApiToken(join(directory, 'missing', 'token'))).rejects.toThrow(/cannot be used/);
  });
});
