import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiClient } from '../../src/cli/api-client.ts';
import { createOperatorClient, type OperatorClient } from '../../src/cli/operator-client.ts';
import { connectToDaemon } from '../../src/cli/transport.ts';
import { loadConfig } from '../../src/config/load.ts';
import { parseExposition } from '../adapters/prometheus/builders.ts';
import { company, cycle, people, personName } from './company.ts';
import { begin } from './interruption.ts';
import { eventually, headgate, startWorld, type Daemon, type World } from './world.ts';

let world: World;
let daemon: Daemon;
let operator: OperatorClient;

beforeAll(async () => {
  world = await startWorld({ organisation: company({ users: 20, direct: [1, 5], groups: { Keepers: [6, 8] } }) });
  daemon = await world.daemon();
  operator = createOperatorClient(createApiClient(await connectToDaemon(loadConfig(world.configFile, {}))));
});
afterAll(() => world.close());

/** The users named in what a command has said, in order. */
function named(said: string): readonly string[] {
  return [...said.matchAll(/ done create account (\S+):/g)].map(([, name = '']) => name);
}

describe('the provisioning log of a daemon', () => {
  test('is followed live, over a restart of the daemon, each operation once, until interrupted', async () => {
    const follow = begin(world, 'log', '--follow');
    await cycle(operator);
    await eventually(async () => (named(follow.said()).length === 8 ? true : undefined));
    await daemon.stop();
    await eventually(async () => (follow.said().includes('does not answer; asking again') ? true : undefined));
    daemon = await world.daemon();
    world.tenant.control.assign({ principal: personName(9) });
    await cycle(operator);
    await eventually(async () => (named(follow.said()).length >= 9 ? true : undefined));
    follow.child.kill('SIGINT');
    expect(await follow.ended).toBe(130);
    expect(named(follow.said()).toSorted()).toEqual(people(1, 9));
    expect(follow.said()).toMatch(/done members of group Keepers: .*added person6@\S+ person7@\S+ person8@/);
  });

  test('tells of one user what was done, by which request, and what it changed; never a token', async () => {
    world.tenant.control.updateUser(personName(1), { jobTitle: 'Lock Keeper' });
    await cycle(operator);
    const { code, stdout } = await headgate(['log', '--user', personName(1), '--changes'], world.directory);
    expect(code).toBe(0);
    expect(stdout).toMatch(/create account person1@harbour\.example: entitled directly \(.*request \S+, cycle /);
    expect(stdout).toMatch(/update account person1@.*\n {4}title: null -> "Lock Keeper"/);
    const everything = await headgate(['log', '--json', '--limit', '1000'], world.directory);
    expect(JSON.parse(everything.stdout)).toHaveLength(12);
    expect(everything.stdout).not.toContain(world.provider.token);
  });

  test('tells whom a cycle passed over and why, once, and by name', async () => {
    world.tenant.control.disableUser(personName(10));
    world.tenant.control.assign({ principal: personName(10) });
    const first = await cycle(operator);
    await cycle(operator);
    const { stdout } = await headgate(['log', '--user', personName(10)], world.directory);
    expect(stdout).toMatch(
      /^\S+ \S+ acme skipped \(NotEffectivelyEntitled\) account person10@harbour\.example: sign-in is blocked .*\(cycle \S+ #0\)\n$/,
    );
    const json = await headgate(['log', '--outcome', 'skipped', '--cycle', first.id, '--json'], world.directory);
    expect(JSON.parse(json.stdout)).toMatchObject([
      { subject: { name: personName(10) }, outcome: 'skipped', reason: { code: 'NotEffectivelyEntitled' } },
    ]);
    const show = await headgate(['cycle', 'show', first.id], world.directory);
    expect(show.stdout).toContain('headgate log -c acme --outcome skipped');
  });

  test('measures how long a leaver kept their account', async () => {
    world.tenant.control.disableUser(personName(2));
    await cycle(operator);
    const told = async () => {
      const metrics = parseExposition(await (await fetch(`${daemon.url}/metrics`)).text());
      const samples = metrics.get('headgate_leaver_latency_seconds')?.samples ?? [];
      return samples.find(({ name }) => name.endsWith('_count'))?.value;
    };
    expect(await eventually(async () => (await told()) || undefined)).toBe(1);
    const [leaver] = (await operator.log({ user: personName(2), kinds: ['disable'], limit: 5 })).entries;
    expect(leaver).toMatchObject({ outcome: 'exported', reason: { code: 'disabled' } });
  });
});
