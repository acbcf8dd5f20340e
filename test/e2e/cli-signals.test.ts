import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createApiClient } from '../../src/cli/api-client.ts';
import { createOperatorClient, type OperatorClient } from '../../src/cli/operator-client.ts';
import { connectToDaemon } from '../../src/cli/transport.ts';
import { loadConfig } from '../../src/config/load.ts';
import { WAVE } from '../../src/core/operation.ts';
import { company, people, personName, userNames } from './company.ts';
import { begin, closeGate, ENTRY } from './interruption.ts';
import { closed, eventually, headgate, startWorld, type Daemon, type World } from './world.ts';

let world: World;
let daemon: Daemon;
let operator: OperatorClient;
let hired = 10;
const HIRED = 40;

beforeAll(async () => {
  world = await startWorld({ organisation: company({ users: 400, direct: [1, 10] }) });
  daemon = await world.daemon();
  operator = createOperatorClient(createApiClient(await connectToDaemon(loadConfig(world.configFile, {}))));
});
afterAll(() => world.close());
beforeEach(() => world.provider.faults.clear());

const run = (...argv: readonly string[]) => headgate(argv, world.directory);

/** How many writes get through a closed gate before it holds the rest. */
const THROUGH = 5;

function hire(): void {
  for (let n = 0; n < HIRED; n++) world.tenant.control.assign({ principal: personName(++hired) });
  world.provider.clearRequests();
}

function posted(): number {
  return world.provider.requests().filter(({ method }) => method === 'POST').length;
}

/** A cycle that is stopped in the middle of its writes, and the command that watches it. */
async function haltedCycle(...options: readonly string[]) {
  hire();
  const gate = closeGate(world, THROUGH);
  const command = begin(world, 'cycle', 'start', '--full', '--wait', ...options);
  await gate.reached;
  return { gate, command, id: /Cycle ([\w-]{36})/.exec(command.said())?.[1] ?? '' };
}

describe('a command that is interrupted while a daemon works', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 143],
  ] as const)('%s during --wait ends the command with %i, and the cycle goes on to its end', async (signal, code) => {
    const { command, gate, id } = await haltedCycle();
    command.child.kill(signal);
    expect(await command.ended).toBe(code);
    expect(command.said()).toMatch(/goes on in the daemon\. Look at it with: headgate cycle show/);
    gate.open();
    expect((await closed(operator, id)).result).toBe('succeeded');
    expect(userNames(world)).toEqual(people(1, hired));
  });

  test('--timeout ends the command with 5; meanwhile a second cycle is refused with 3, naming the open one', async () => {
    const { command, gate, id } = await haltedCycle('--timeout', '2s');
    const second = await run('cycle', 'start', '--full');
    expect(second.code).toBe(3);
    expect(second.stderr).toContain(id);
    expect(await command.ended).toBe(5);
    expect(command.said()).toMatch(/Not closed after 2s\. Cycle .* goes on in the daemon/);
    gate.open();
    expect((await closed(operator, id)).result).toBe('succeeded');
  });

  test('cycle cancel stops it midway: what is in flight finishes, the rest is not sent, and the next cycle does it', async () => {
    const { command, gate, id } = await haltedCycle();
    expect(await run('cycle', 'cancel', id)).toMatchObject({ code: 0 });
    gate.open();
    expect(await command.ended).toBe(1);
    expect(command.said()).toMatch(/full cycle of acme, cancelled/);
    const cancelled = await operator.getCycle(id);
    expect(cancelled.counts[WAVE.accounts]?.exported).toBe(posted());
    expect(cancelled.settled).toBe(cancelled.total);
    const again = await run('cycle', 'cancel', id);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/is closed already \(cancelled\)/);
    expect(await run('cycle', 'start', '--full', '--wait')).toMatchObject({ code: 0 });
    expect(userNames(world)).toEqual(people(1, hired));
    expect(posted()).toBe(HIRED);
  });

  test('a plan that is interrupted ends with 130 and says that nothing was written', async () => {
    world.tenant.control.addFault({ path: '/groups*', effect: { kind: 'slow', milliseconds: 60_000 } });
    world.tenant.control.addFault({ path: '/servicePrincipals*', effect: { kind: 'slow', milliseconds: 60_000 } });
    world.tenant.control.clearRequests();
    const plan = begin(world, 'plan');
    const readings = async () => (world.tenant.control.requests().length > 0 ? true : undefined);
    await eventually(readings);
    plan.child.kill('SIGINT');
    expect(await plan.ended).toBe(130);
    expect(plan.said()).toMatch(/interrupted; nothing was written/);
    world.tenant.control.clearFaults();
  });

  test('a reader that goes away early is no failure', async () => {
    const plan = spawn('sh', ['-c', `"${process.execPath}" "${ENTRY}" plan --json; echo "code $?" >&2`], {
      cwd: world.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    plan.stdout.destroy();
    let said = '';
    plan.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(plan, 'close');
    expect(said).toContain('code 0');
    expect(said).not.toContain('EPIPE');
  });

  test('a second Headgate on the same data directory is refused by name and does no harm', async () => {
    const second = await run('serve');
    expect(second.code).not.toBe(0);
    expect(second.stderr + second.stdout).toMatch(new RegExp(`${daemon.child.pid}|cannot listen`));
    expect(daemon.child.exitCode).toBeNull();
  });

  test('SIGTERM ends the daemon after what is in flight; a start later finishes the cycle, and nobody is sent twice', async () => {
    hire();
    const gate = closeGate(world, THROUGH);
    const { stdout } = await run('cycle', 'start', '--full');
    await gate.reached;
    daemon.child.kill('SIGTERM');
    await eventually(async () => (daemon.output().includes('stopping') ? true : undefined));
    gate.open();
    expect(await daemon.ended).toEqual({ code: 0, signal: null });
    daemon = await world.daemon();
    expect((await closed(operator, stdout.trim())).result).toBe('succeeded');
    expect(userNames(world)).toEqual(people(1, hired));
    expect(posted()).toBe(HIRED);
  });
});
