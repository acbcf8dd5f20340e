import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../src/cli/demo/daemon.ts';

/** A server a test may use and must stop. */
export interface TestServer {
  readonly url: string;
  stop(): Promise<void>;
}

const REDIS_VARIABLE = 'HEADGATE_TEST_REDIS_URL';
const DATABASE_VARIABLE = 'HEADGATE_TEST_DATABASE_URL';

function searchPath(): readonly string[] {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : [];
  return [...versions.toReversed(), ...(process.env['PATH'] ?? '').split(delimiter)];
}

function findBinary(name: string): string | undefined {
  return searchPath()
    .map((directory) => join(directory, name))
    .find((path) => existsSync(path));
}

/**
 * Whether suites for a backend can run here. Where it is missing, a run in CI fails and a developer's run says so and
 * goes on without those suites; a suite that is registered is never skipped.
 */
function available(what: string, variable: string, binaries: readonly string[]): boolean {
  if (process.env[variable] !== undefined) return true;
  const missing = binaries.filter((name) => findBinary(name) === undefined);
  if (missing.length === 0) return true;
  const message = `${what} is not here: neither ${variable} is set nor ${missing.join(', ')} installed`;
  if (process.env['CI'] === 'true') throw new Error(message);
  process.stderr.write(`${message}; its suites are left out\n`);
  return false;
}

export function redisAvailable(): boolean {
  return available('Redis', REDIS_VARIABLE, ['redis-server']);
}

export function postgresAvailable(): boolean {
  return available('PostgreSQL', DATABASE_VARIABLE, ['initdb', 'postgres']);
}

/** A server that can fall over and come back with what it had written. */
export interface FallibleServer extends TestServer {
  /** Ends it at once, as a crash would, and starts it again on the same port with the same data; ready when this resolves. */
  crash(): Promise<void>;
}

/** The user servers that refuse to run as root are started as; the current user when that is not root. */
function unprivileged(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
  const uid = id('-u');
  return uid > 0 ? { uid, gid: id('-g') } : { uid: 65534, gid: 65534 };
}

/** Resolves when the process has written `line`; rejects with what it said when it ends before. */
function saidLine(child: ChildProcess, line: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (chunk: Buffer): void => {
      said += chunk.toString('utf8');
      if (line.test(said)) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`${child.spawnfile} ended with ${code}: ${said.slice(-2_000)}`)));
  });
}

async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

async function stopProcess(child: ChildProcess, signal: NodeJS.Signals, directory: string): Promise<void> {
  await endProcess(child, signal);
  await rm(directory, { recursive: true, force: true });
}

function required(name: string): string {
  const path = findBinary(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return path;
}

/** A private Redis with nothing in it, persistent and never evicting; `settings` override single directives. */
export async function startRedis(
  settings: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-redis-'));
  const port = await freePort();
  const directives = {
    port: String(port),
    bind: '127.0.0.1',
    dir: directory,
    save: '',
    appendonly: 'yes',
    'maxmemory-policy': 'noeviction',
    ...settings,
  };
  const argv = Object.entries(directives).flatMap(([name, value]) => [`--${name}`, ...[value].flat()]);
  const child = spawn(required('redis-server'), argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  await saidLine(child, /Ready to accept connections/);
  return { url: `redis://127.0.0.1:${port}`, stop: () => stopProcess(child, 'SIGKILL', directory) };
}

/** The Redis of the environment, or a private one. Tests of one URL must use names of their own. */
export function useRedis(): Promise<TestServer> {
  const url = process.env[REDIS_VARIABLE];
  return url === undefined ? startRedis() : Promise.resolve({ url, stop: () => Promise.resolve() });
}

/** A private PostgreSQL server, started as an unprivileged user where the tests run as root; `settings` override single ones. */
export async function startPostgres(settings: Readonly<Record<string, string>> = {}): Promise<FallibleServer> {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-postgres-'));
  const identity = unprivileged();
  if (identity !== undefined) await chown(directory, identity.uid, identity.gid);
  const data = join(directory, 'data');
  const options = { cwd: directory, ...identity };
  const created = spawnSync(
    required('initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    { ...options, encoding: 'utf8' },
  );
  if (created.status !== 0) throw new Error(`initdb failed: ${created.stderr}`);
  const port = await freePort();
  const given = { fsync: 'off', listen_addresses: '127.0.0.1', unix_socket_directories: directory, ...settings };
  const flags = Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const argv = ['-D', data, '-p', String(port), ...flags];
  const start = async () => {
    const started = spawn(required('postgres'), argv, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    await saidLine(started, /ready to accept connections/);
    return started;
  };
  let child = await start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    // SIGINT is PostgreSQL's fast shutdown: connections are cut, data is written.
    stop: () => stopProcess(child, 'SIGINT', directory),
    async crash() {
      // SIGQUIT is its immediate shutdown: nothing is written, and no backend outlives it.
      await endProcess(child, 'SIGQUIT');
      child = await start();
    },
  };
}

/** The PostgreSQL of the environment, or a private one. */
export function usePostgres(): Promise<TestServer> {
  const url = process.env[DATABASE_VARIABLE];
  return url === undefined ? startPostgres() : Promise.resolve({ url, stop: () => Promise.resolve() });
}

/** A new empty database on a server, so that suites do not meet. Returns its URL. */
export async function createDatabase(server: TestServer): Promise<string> {
  const name = `headgate_${process.pid}_${Date.now()}_${Math.floor(Math.random() * 1e6)}`;
  const client = new Client({ connectionString: server.url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return url.href;
}
