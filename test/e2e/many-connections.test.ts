import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { closed, eventually, platforms, startWorld, type World } from './world.ts';

const fileShape = z.looseObject({ connections: z.array(z.looseObject({ provider: z.looseObject({}) })) });

let world: World | undefined;
let silent: Server | undefined;
const asking: Socket[] = [];
afterEach(async () => {
  await world?.close();
  for (const socket of asking.splice(0)) socket.destroy();
  silent?.close();
  world = undefined;
  silent = undefined;
});

/** A service provider that takes every request and never answers. */
async function silentProvider(): Promise<string> {
  silent = createServer((socket) => asking.push(socket));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('it does not listen on a port');
  return `http://127.0.0.1:${address.port}/scim/v2`;
}

/** Adds connections to one provider. */
function addConnections(to: World, url: string, count: number): readonly string[] {
  const file = fileShape.parse(parse(readFileSync(to.configFile, 'utf8')));
  writeFileSync(join(to.directory, 'slow-token'), 'any', { mode: 0o600 });
  const [first] = file.connections;
  const credential = { kind: 'bearer', token_file: './slow-token' };
  const names = Array.from({ length: count }, (_, number) => `slow-${number}`);
  const added = names.map((name) => ({
    ...first,
    name,
    provider: { profile: 'generic', url, credential, timeoutSeconds: 600 },
  }));
  writeFileSync(to.configFile, stringify({ ...file, connections: [...file.connections, ...added] }));
  return names;
}

describe.each(platforms())('many connections in one daemon, on %s', (platform) => {
  test('connections whose providers do not answer delay no cycle of another, whatever their number', async () => {
    world = await startWorld({ platform, config: { worker: { leaseSeconds: 5, drainSeconds: 0 } } });
    // More than a process has slots for control jobs, and more than it prepares cycles at a time.
    const names = addConnections(world, await silentProvider(), 17);
    const operator = await world.open();
    for (const connection of names) await operator.startCycle({ connection, kind: 'initial', requestedBy: 'test' });
    await eventually(async () => (asking.length >= names.length ? true : undefined));
    for (const kind of ['initial', 'incremental'] as const) {
      const quick = await operator.startCycle({ connection: 'acme', kind, requestedBy: 'test' });
      expect(await closed(operator, quick.id)).toMatchObject({ result: 'succeeded' });
    }
    const phases = await Promise.all(
      names.map(async (connection) => (await operator.listCycles({ connection, limit: 1 }))[0]?.phase),
    );
    expect(phases).toEqual(names.map(() => 'gathering'));
  });
});
