import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiClient } from '../../src/cli/api-client.ts';
import { createOperatorClient } from '../../src/cli/operator-client.ts';
import { connectToDaemon } from '../../src/cli/transport.ts';
import { loadConfig } from '../../src/config/load.ts';
import { company, people, personName, userNames, writes } from './company.ts';
import { begin, closeGate } from './interruption.ts';
import { closed, headgate, startWorld, type World } from './world.ts';

let world: World;
const run = (...argv: readonly string[]) => headgate(argv, world.directory);

beforeAll(async () => {
  world = await startWorld({
    organisation: company({ users: 80, groups: { Crew: [1, 12] }, direct: [10, 30] }),
    connection: { schedule: { full: '0 3 1 1 *' } },
  });
});
afterAll(() => world.close());

// One story, told in the order a person would live it who has not started a daemon yet.
describe('the command line without a daemon', () => {
  test('doctor and status work, and say that no daemon runs', async () => {
    expect(await run('doctor')).toMatchObject({ code: 0 });
    const status = await run('status');
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('no daemon is running') });
    const schedules = await run('schedule', 'list');
    expect(schedules.stderr).toContain('once "headgate serve" runs');
    const removed = await run('schedule', 'remove', '-c', 'acne');
    expect(removed).toMatchObject({ code: 1, stderr: expect.stringContaining('no connection "acne" has schedules') });
  });

  test('a saved plan is carried out by apply in this very process, and then there is nothing to do', async () => {
    const file = join(world.directory, 'plan.json');
    expect(await run('plan', '--out', file)).toMatchObject({ code: 0 });
    expect(writes(world)).toEqual([]);
    const applied = await run('apply', file);
    expect(applied).toMatchObject({ code: 0, stderr: expect.stringContaining('no daemon is running') });
    expect(userNames(world)).toEqual(people(1, 30));
    const again = await run('plan', '--detailed-exitcode');
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to do') });
  });

  test('a refused token: the cycle ends with 1, the next is refused with 3, and connection resume goes on', async () => {
    world.provider.faults.set({ fault: 'expiredToken' });
    const failed = await run('cycle', 'start', '--full', '--wait');
    expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining('install a new one') });
    world.provider.faults.clear();
    const next = await run('cycle', 'start', '--full', '--wait');
    expect(next).toMatchObject({ code: 3, stderr: expect.stringContaining('headgate quarantine release -c acme') });
    expect(await run('connection', 'resume')).toMatchObject({ code: 0 });
    expect(await run('cycle', 'start', '--full', '--wait')).toMatchObject({ code: 0 });
  });

  test('explain needs no daemon', async () => {
    const explained = await run('explain', personName(11));
    expect(explained).toMatchObject({ code: 0, stdout: expect.stringContaining('has an account') });
  });

  test('an interrupted cycle stays open and is finished by the daemon that is started next, with nobody sent twice', async () => {
    for (let n = 31; n <= 70; n++) world.tenant.control.assign({ principal: personName(n) });
    world.provider.clearRequests();
    const gate = closeGate(world, 5);
    const command = begin(world, 'cycle', 'start', '--full', '--wait');
    await gate.reached;
    command.child.kill('SIGINT');
    await command.says(/stays open and goes on when "headgate serve" runs/);
    gate.open();
    expect(await command.ended).toBe(130);
    const id = /Cycle ([\w-]{36})/.exec(command.said())?.[1] ?? '';
    await world.daemon();
    const client = createApiClient(await connectToDaemon(loadConfig(world.configFile, {})));
    expect((await closed(createOperatorClient(client), id)).result).toBe('succeeded');
    expect(userNames(world)).toEqual(people(1, 70));
    expect(writes(world).filter((write) => write === 'POST /Users')).toHaveLength(40);
  });
});
