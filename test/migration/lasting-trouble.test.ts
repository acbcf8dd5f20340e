import { expect, test, vi } from 'vitest';
import { createMigrationReader } from '../../src/adapters/prometheus/migration-reading.ts';
import { InDoubtError, ThrottledError, TransientError } from '../../src/core/errors.ts';
import type { DirectoryWriter } from '../../src/ports/directory-writer.ts';
import { company, personName } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld } from './entra-world.ts';

const openWorld = useEntraWorlds();

/** More looks than trouble is waited out. */
const MANY = 42;

async function open(): Promise<EntraWorld> {
  const at = await openWorld({ organisation: company({ users: 3, groups: { Crew: [1, 3] } }) });
  await at.start('remove-groups', ['Crew']);
  return at;
}

function writerOf({ ports }: EntraWorld): DirectoryWriter {
  const { writer } = ports.migration;
  if (writer === undefined) throw new Error('nobody may write');
  return writer;
}

function resume({ operator, connection }: EntraWorld) {
  return operator.actOnMigration({ connection: connection.rules.name, verb: 'resume', by: 'ada' });
}

test.each([new TransientError('503 each time'), new InDoubtError('no answer each time')])(
  'a person is asked about a request to the directory that keeps failing: $message',
  async (error) => {
    const at = await open();
    const apply = vi.spyOn(writerOf(at), 'apply').mockRejectedValue(error);
    const view = await at.look(MANY);
    expect(view).toMatchObject({ status: 'paused', paused: { by: 'headgate' } });
    expect(view.paused?.reason).toContain(error.message);
    await resume(at);
    expect(await at.look(3)).toMatchObject({ status: 'running' });
    apply.mockRestore();
    expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
  },
);

test('a person is asked about a request to the provider that keeps failing', async () => {
  const at = await open();
  await at.settle();
  await at.approve();
  vi.spyOn(at.connection.provider, 'apply').mockRejectedValue(new InDoubtError('no answer each time'));
  const view = await at.look(MANY + 4);
  expect(view.paused?.reason).toContain('no answer each time');
});

test('trouble is no progress, so that an alert tells of it before anybody is asked', async () => {
  const at = await open();
  const read = createMigrationReader(at.ports.stores.migrations);
  const standing = () => read(at.connection.rules.name, Date.now());
  vi.spyOn(writerOf(at), 'apply').mockRejectedValue(new TransientError('503 each time'));
  await at.look(4);
  const before = await standing();
  const { latest } = await at.look(4);
  expect(await standing()).toEqual(before);
  expect(before?.standing).toBe('running');
  expect(latest.at).toBeGreaterThan(before?.lastProgressAt ?? Infinity);
});

test('a directory that puts everything off is waited for as it asks, noted, and after two hours a matter for a person', async () => {
  const at = await open();
  let passed = 0;
  const { now } = Date;
  vi.spyOn(at.ports.clock, 'now').mockImplementation(() => now() + passed);
  const apply = vi.spyOn(writerOf(at), 'apply').mockRejectedValue(new ThrottledError('too many requests', 1000));
  const storm = await at.look(MANY);
  expect(storm).toMatchObject({ status: 'running', latest: { text: expect.stringContaining('assign-directly') } });
  for (; passed < 110 * 60_000; passed += 10 * 60_000) expect(await at.look(1)).toMatchObject({ status: 'running' });
  passed = 125 * 60_000;
  await at.look(1);
  expect((await at.look(1)).paused?.reason).toMatch(/too many requests.*migration resume/s);
  await resume(at);
  apply.mockRestore();
  await at.look(2);
  expect(at.assigned()).toContain(personName(3));
});
