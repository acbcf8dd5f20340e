import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { freePort } from '../../src/cli/demo/daemon.ts';
import { EXAMPLE, exampleWith } from '../config/builders.ts';
import { configFor, startApi } from './api-server.ts';
import type { ApiServer } from './api-server.ts';
import { cycleView, run } from './builders.ts';

let server: ApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** A daemon that takes a pause, a cancel and a question for its cycles; its configuration file is then overwritten. */
async function daemonWith(brokenFile: (port: number) => string): Promise<ApiServer> {
  server = await startApi((app) => {
    app.get('/api/v1/cycles', async () => [cycleView()]);
    app.post('/api/v1/cycles/:id/cancel', async () => ({ cancelled: true }));
    app.post('/api/v1/connections/:name/pause', async () => ({}));
  });
  const address = server.app.server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  writeFileSync(server.configFile, brokenFile(address.port));
  return server;
}

const UNKNOWN_KEY = exampleWith('cloud: global', 'clod: global');
const NO_YAML = exampleWith('cloud: global', 'cloud: [global');
const PAUSE = ['connection', 'pause', '--reason', 'now'];

describe('a configuration with problems does not keep a command from a daemon that runs', () => {
  test.each([
    ['an unknown setting, a connection named', UNKNOWN_KEY, [...PAUSE, '-c', 'acme']],
    ['an unknown setting, the only connection meant', UNKNOWN_KEY, PAUSE],
    ['no YAML, a connection named', NO_YAML, [...PAUSE, '-c', 'acme']],
    ['no YAML, a list', NO_YAML, ['cycle', 'list']],
    ['a secret file that is gone', exampleWith('./acme-token', './gone'), ['cycle', 'cancel', 'c-1']],
  ])('%s: it is asked, and one line says that the file has problems', async (_what, text, argv) => {
    const api = await daemonWith((port) => `http: { port: ${port} }\n${text}`);
    const { code, err } = await run([...argv, '--config', api.configFile]);
    expect(code).toBe(EXIT.done);
    expect(api.asked.map(({ authorization }) => authorization)).toEqual(['Bearer api-t0ken']);
    expect(err.match(/^warning: .*headgate\.yaml has problems \(see: headgate config check\).*$/gm)).toHaveLength(1);
  });

  test('a connection that cannot be known from it has to be named, because another one may be missing from it', async () => {
    const api = await daemonWith((port) => `http: { port: ${port} }\n${NO_YAML}`);
    const { code, err } = await run([...PAUSE, '--config', api.configFile]);
    expect(code).toBe(EXIT.config);
    expect(err).toContain('name it in the command, and a running daemon is asked');
    expect(api.asked).toEqual([]);
  });

  test.each([
    ['a port that is none', () => `${EXAMPLE}http: { port: 99999999 }\n`],
    ['a variable that is not set', () => `${EXAMPLE}http: { port: "\${NOT_SET_ANYWHERE}" }\n`],
    ['an unknown setting beside it', (port: number) => `${EXAMPLE}http: { prt: ${port} }\n`],
  ])('unless the trouble is in http itself, where nothing may be guessed: %s', async (_what, text) => {
    const api = await daemonWith(text);
    const { code, err } = await run(['cycle', 'list', '--config', api.configFile]);
    expect(code).toBe(EXIT.config);
    expect(err).toMatch(/headgate\.yaml:\d+:\d+ http\./);
    expect(api.asked).toEqual([]);
  });
});

test('a daemon whose token cannot be read is not asked: the problems of the file are told', async () => {
  const api = await daemonWith((port) => `http: { port: ${port}, token_file: ./no-such-token }\n${UNKNOWN_KEY}`);
  const { code, err } = await run(['cycle', 'list', '--config', api.configFile]);
  expect(code).toBe(EXIT.config);
  expect(err).toMatch(/headgate\.yaml:9:3 directory\.clod/);
  expect(err).not.toContain('warning');
  expect(api.asked).toEqual([]);
});

test('two connections of a configuration with problems are nothing to choose from: the problems are told', async () => {
  const { folder } = configFor(await freePort());
  const file = join(folder, 'headgate.yaml');
  writeFileSync(file, `${UNKNOWN_KEY}  - { name: acme }\n`);
  const { code, err } = await run(['plan', '--config', file]);
  expect(code).toBe(EXIT.config);
  expect(err).toMatch(/directory\.clod: .*cloud/);
});

test('without a daemon a configuration with problems is refused as before, with all of them', async () => {
  const { folder } = configFor(await freePort());
  const file = join(folder, 'headgate.yaml');
  writeFileSync(file, `http: { port: ${await freePort()} }\n${UNKNOWN_KEY}`);
  const { code, err } = await run(['cycle', 'list', '--config', file]);
  expect(code).toBe(EXIT.config);
  expect(err).toMatch(/headgate\.yaml:9:3 directory\.clod: .*cloud/);
  expect(err).not.toContain('warning');
});
