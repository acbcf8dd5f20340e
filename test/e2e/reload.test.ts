import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { generateOrganisation } from '../../src/sandbox/organisation/generate.ts';
import { startProvider } from '../../src/sandbox/provider/provider.ts';
import { closed, eventually, headgate, platforms, startWorld, type World } from './world.ts';

const connectionShape = z.looseObject({ name: z.string(), provider: z.looseObject({}) });
const fileShape = z.looseObject({ connections: z.array(connectionShape) });
type FileContent = z.infer<typeof fileShape>;

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Rewrites the configuration file. */
function edit({ configFile }: World, change: (file: FileContent) => object): void {
  const file = fileShape.parse(parse(readFileSync(configFile, 'utf8')));
  writeFileSync(configFile, stringify(change(file)));
}

/** The connections with the first one changed. */
function changed({ connections, ...rest }: FileContent, change: object): object {
  return { ...rest, connections: connections.map((one, index) => (index === 0 ? { ...one, ...change } : one)) };
}

/** The connections with another one like the first. */
function withAnother(file: FileContent, more: object): object {
  return { ...file, connections: [...file.connections, { ...file.connections[0], ...more }] };
}

async function cycle(operator: OperatorClient, connection: string, kind: 'initial' | 'incremental' = 'initial') {
  const started = await operator.startCycle({ connection, kind, requestedBy: 'test' });
  return closed(operator, started.id);
}

describe.each(platforms())('a reload on %s', (platform) => {
  test('adds a connection that then works, and takes it away again without touching the other', async () => {
    world = await startWorld({ platform });
    const operator = await world.open();
    await expect(operator.startCycle({ connection: 'second', kind: 'initial', requestedBy: 'test' })).rejects.toThrow(
      'second',
    );
    edit(world, (file) => withAnother(file, { name: 'second', scope: { groups: false } }));
    expect(await operator.reloadConfig()).toMatchObject({ added: ['second'], changed: [], removed: [] });
    expect(await cycle(operator, 'second')).toMatchObject({ result: 'succeeded' });
    edit(world, ({ connections, ...rest }) => ({ ...rest, connections: connections.slice(0, 1) }));
    expect(await operator.reloadConfig()).toMatchObject({ added: [], changed: [], removed: ['second'], stopped: [] });
    expect((await operator.status()).connections.map(({ connection }) => connection)).toEqual(['acme']);
    expect(await cycle(operator, 'acme')).toMatchObject({ result: 'succeeded' });
    edit(world, (file) => withAnother(file, { name: 'second', scope: { groups: false } }));
    expect(await operator.reloadConfig()).toMatchObject({ added: ['second'] });
    expect(await cycle(operator, 'second', 'incremental')).toMatchObject({ kind: 'incremental', result: 'succeeded' });
  });

  test('refuses a file that is not valid as a whole, and the old configuration goes on', async () => {
    world = await startWorld({ platform });
    const operator = await world.open();
    edit(world, (file) => withAnother({ ...file, colour: 'red' }, { name: 'Second!' }));
    await expect(operator.reloadConfig()).rejects.toMatchObject({
      code: 'config',
      problems: [{ path: 'connections[1].name' }, { path: 'colour' }].map((problem) =>
        expect.objectContaining(problem),
      ),
    });
    expect((await operator.status()).connections.map(({ connection }) => connection)).toEqual(['acme']);
    expect(await cycle(operator, 'acme')).toMatchObject({ result: 'succeeded' });
  });

  test('names what only a restart can change, and changes nothing then', async () => {
    world = await startWorld({ platform });
    const operator = await world.open();
    edit(world, (file) => ({
      ...withAnother(file, { name: 'second' }),
      database: { url: 'file:./elsewhere' },
      queue: { url: 'redis://127.0.0.1:1' },
      http: { port: 1 },
    }));
    const restart = expect.stringContaining('cannot be changed while Headgate runs');
    await expect(operator.reloadConfig()).rejects.toMatchObject({
      code: 'config',
      problems: ['database.url', 'queue.url', 'http.port'].map((path) =>
        expect.objectContaining({ path, message: restart }),
      ),
    });
    expect((await operator.status()).connections.map(({ connection }) => connection)).toEqual(['acme']);
  });

  test('lets the next cycle look at everything when scope or mapping changed, and not when only the token did', async () => {
    world = await startWorld({ platform });
    const operator = await world.open();
    expect((await cycle(operator, 'acme')).result).toBe('succeeded');
    edit(world, (file) => changed(file, { schedule: { full: '0 3 * * 0' } }));
    expect(await operator.reloadConfig()).toMatchObject({ changed: [{ connection: 'acme', fullCycle: false }] });
    expect((await cycle(operator, 'acme', 'incremental')).kind).toBe('incremental');
    edit(world, (file) => changed(file, { scope: { groups: false } }));
    expect(await operator.reloadConfig()).toMatchObject({ changed: [{ connection: 'acme', fullCycle: true }] });
    const next = await cycle(operator, 'acme', 'incremental');
    expect(next.kind).toBe('initial');
    // Every group is out of scope at once: the guards see it, reload or not.
    expect(next.verdict?.findings.map(({ guard }) => guard)).toContain('too-many-removals');
  });

  test('uses a new token from the next step on', async () => {
    world = await startWorld({ platform });
    const operator = await world.open();
    edit(world, (file) =>
      changed(file, { provider: { ...file.connections[0]?.provider, credential: { kind: 'bearer', token: 'wrong' } } }),
    );
    expect(await operator.reloadConfig()).toMatchObject({ changed: [{ connection: 'acme', fullCycle: false }] });
    expect((await cycle(operator, 'acme')).result).toBe('failed');
  });

  test.each([
    ['removed', ({ connections, ...rest }: FileContent) => ({ ...rest, connections: connections.slice(1) })],
    ['changed', (file: FileContent) => changed(file, { guards: { tooManyRemovals: { count: 1, percent: 1 } } })],
  ])('stops the open cycle of a connection that is %s: nothing more is sent, and it says why', async (what, change) => {
    const organisation = generateOrganisation({ seed: 11, users: 400, groups: 10 });
    world = await startWorld({ platform, organisation });
    edit(world, (file) => withAnother(file, { name: 'second' }));
    world.provider.faults.set({ fault: 'slow', value: 50, method: 'POST' });
    const operator = await world.open();
    const started = await operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' });
    const { accounts } = world.provider;
    await eventually(async () => (accounts.size > 0 ? true : undefined));
    edit(world, change);
    expect(await operator.reloadConfig()).toMatchObject({ stopped: [{ connection: 'acme', cycle: started.id }] });
    const stopped = await closed(operator, started.id);
    const sent = accounts.size;
    expect(stopped).toMatchObject({ result: 'cancelled', failure: { message: expect.stringContaining(what) } });
    expect(sent).toBeLessThan(stopped.planCounts?.operations['account.create'] ?? 0);
    world.provider.faults.clear();
    expect((await cycle(operator, 'second')).phase).toBe('closed');
  });
});

const moved = (file: FileContent) => file.connections[0]?.provider;

describe('a start with another configuration', () => {
  test.each([
    ['guards', (_url: string) => (file: FileContent) => changed(file, { guards: { tooManyRemovals: { count: 1 } } })],
    ['the address', (url: string) => (file: FileContent) => changed(file, { provider: { ...moved(file), url } })],
  ])('sends nothing more of a plan stored before %s changed, and the next cycle plans anew', async (_what, change) => {
    world = await startWorld();
    const before = await world.open();
    world.provider.faults.set({ fault: 'throttle', value: 3600, method: 'POST' });
    const started = await before.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' });
    await eventually(async () => (await before.status()).connections[0]?.state.throttledUntil);
    await before.close();
    world.provider.faults.clear();
    world.provider.clearRequests();
    const elsewhere = await startProvider({ tokens: [world.provider.token ?? ''] });
    try {
      edit(world, change(elsewhere.url));
      const operator = await world.open();
      // The wait is an hour long, and nobody sweeps here.
      await operator.resumeConnection('acme');
      expect(await closed(operator, started.id)).toMatchObject({
        result: 'cancelled',
        failure: { message: expect.stringContaining('changed since the plan was made') },
      });
      const sent = [...world.provider.requests(), ...elsewhere.requests()];
      expect(sent.filter(({ method }) => method !== 'GET')).toEqual([]);
      expect(await cycle(operator, 'acme', 'incremental')).toMatchObject({ kind: 'initial', result: 'succeeded' });
    } finally {
      await elsewhere.close();
    }
  });
});

describe('a daemon', () => {
  test('reads its configuration anew on SIGHUP and when asked to, and tells in its log and metrics how it went', async () => {
    world = await startWorld();
    const daemon = await world.daemon();
    const metrics = async () => (await fetch(`${daemon.url}/metrics`)).text();
    expect(await metrics()).toContain('headgate_config_last_reload_successful 1');
    edit(world, (file) => withAnother(file, { name: 'second', schedule: { full: '0 3 * * 0' } }));
    daemon.child.kill('SIGHUP');
    await eventually(async () => (daemon.output().includes('configuration read anew') ? true : undefined));
    const scheduled = /headgate_cycle_next_run_timestamp_seconds\{connection="second",cycle_type="initial"\} [1-9]/;
    await eventually(async () => (scheduled.test(await metrics()) ? true : undefined));

    edit(world, (file) => ({ ...file, colour: 'red' }));
    daemon.child.kill('SIGHUP');
    await eventually(async () =>
      daemon.output().includes('the new configuration is not in force') ? true : undefined,
    );
    expect(daemon.output()).toContain('colour');
    expect(await metrics()).toContain('headgate_config_last_reload_successful 0');

    edit(world, ({ colour: _gone, connections, ...rest }) => ({ ...rest, connections: connections.slice(0, 1) }));
    const reload = await headgate(['config', 'reload', '--config', world.configFile], world.directory);
    expect(reload).toMatchObject({ code: 0, stdout: expect.stringContaining('removed  second') });
    const after = await metrics();
    expect(after).toContain('headgate_config_last_reload_successful 1');
    expect(after).not.toContain('connection="second"');
    const schedules = await headgate(['schedule', 'list', '--json', '--config', world.configFile], world.directory);
    expect(schedules.stdout.trim()).toBe('[]');
  });

  test('that does not run has nothing to reload', async () => {
    world = await startWorld();
    const reload = await headgate(['config', 'reload', '--config', world.configFile], world.directory);
    expect(reload).toMatchObject({ code: 1, stderr: expect.stringContaining('no daemon answers') });
  });
});
