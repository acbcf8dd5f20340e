import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { runSandbox } from '../../src/cli/run-sandbox.ts';
import { loadConfig } from '../../src/config/load.ts';
import { freePort } from '../../src/cli/demo/daemon.ts';
import { run, testIo, testParts } from './builders.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headgate-sandbox-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const sandbox = (port: number, io = testIo()) =>
  run(['sandbox', '--users', '3', '--port', String(port), '--directory', directory], io, testParts({ runSandbox }));

test('a sandbox whose port is taken says which and what to do, and does not call it a defect', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const { code, err } = await sandbox(port);
  taken.close();
  expect(code).toBe(EXIT.failed);
  expect(err).toContain(`error: cannot listen on the ports ${port} and ${port + 1} of 127.0.0.1 (EADDRINUSE)`);
  expect(err).toContain('what to do: another sandbox may be running there');
  expect(err).not.toContain('defect');
});

test('a port that is none is told in the same way', async () => {
  const { code, err } = await sandbox(70_000);
  expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('choose two free ports in a row with --port')]);
});

test('two sandboxes have two daemons: its configuration has a port that goes with its own', async () => {
  const io = testIo();
  io.interrupt('SIGTERM');
  const port = await freePort();
  expect(await sandbox(port, io)).toMatchObject({
    code: EXIT.done,
    out: expect.stringContaining(`\nState saved in ${directory}.\n`),
  });
  expect(await readFile(join(directory, 'headgate.yaml'), 'utf8')).toMatch(new RegExp(`port: ${port + 30}\\b`));
});

test('a token can be handed over in a sandbox: its configuration has an encryption key, and keeps it over a restart', async () => {
  const run = async () => {
    const io = testIo();
    io.interrupt('SIGTERM');
    await sandbox(0, io);
    return readFile(join(directory, 'key'), 'utf8');
  };
  const key = await run();
  expect(Buffer.from(key, 'base64')).toHaveLength(32);
  expect(loadConfig(join(directory, 'headgate.yaml'), {}).credentials.key).toBeDefined();
  expect(await run()).toBe(key);
});
