import { afterEach, expect, test } from 'vitest';
import { company, people, userNames, writes } from './company.ts';
import { clientOf } from './crash-round.ts';
import { closed, freePort, platforms, startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

// With an embedded database there is one process, and it must work.
test.each(platforms().filter((platform) => platform === 'servers'))(
  'serve --role api on %s answers and takes no job; a worker beside it does',
  async (platform) => {
    world = await startWorld({ platform, organisation: company({ users: 5, direct: [1, 5] }) });
    const api = await world.daemon({ role: 'api' });
    const operator = await clientOf(world, api);
    expect((await operator.status()).connections.map(({ connection }) => connection)).toEqual(['acme']);
    const { id } = await operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' });
    // The plan is made by whoever is asked: by the time it is there, a worker would have long begun.
    const { plan } = await operator.plan('acme', () => undefined, new AbortController().signal);
    expect(plan.operations).toHaveLength(5);
    expect((await operator.getCycle(id)).phase).toBe('gathering');
    expect(writes(world)).toEqual([]);
    await world.daemon({ role: 'worker', port: await freePort() });
    expect((await closed(operator, id)).result).toBe('succeeded');
    expect(userNames(world)).toEqual(people(1, 5));
  },
);
