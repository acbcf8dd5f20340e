import { expect, test, vi } from 'vitest';
import type { JournalLine } from '../../src/core/migration/journal.ts';
import { company } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld } from './entra-world.ts';

const openWorld = useEntraWorlds();

/** From now on the journal reads as if whoever can write to the database had changed one line of it and kept its hash. */
function change({ ports: { stores } }: EntraWorld, change: (line: JournalLine) => JournalLine): void {
  const { migrations } = stores;
  const lines = migrations.lines.bind(migrations);
  vi.spyOn(migrations, 'lines').mockImplementation(async (...asked) => (await lines(...asked)).map(change));
}

/** At the gate before anything is taken away, whose yes stands in a line that told of a read. */
async function atForgedGate(): Promise<EntraWorld> {
  const at = await openWorld({ organisation: company({ users: 5, groups: { Crew: [1, 4] }, direct: [5, 5] }) });
  await at.start('remove-groups', ['Crew']);
  const { gate } = await at.settle();
  if (gate?.name !== 'coverage') throw new Error(`it stands at ${gate?.name ?? 'no gate'}`);
  const yes = { kind: 'approved', gate: gate.name, digest: gate.digest, by: 'bob', expiresAt: Infinity } as const;
  change(at, (line) => (line.entry.kind === 'seen' ? { ...line, entry: yes } : line));
  return at;
}

test('a yes that was written into the database lets nothing be taken away', async () => {
  const at = await atForgedGate();
  await expect(at.settle()).rejects.toMatchObject({ code: 'journal-broken' });
  expect(at.assigned()).toContain('Crew');
  expect(at.provider.groups.find('Crew')?.['members']).toHaveLength(4);
});

test('nobody says anything to a migration of whose journal a line was changed', async () => {
  const at = await atForgedGate();
  const { name: connection } = at.connection.rules;
  for (const verb of ['pause', 'abort', 'rollback'] as const)
    await expect(at.operator.actOnMigration({ connection, verb, by: 'ada' })).rejects.toMatchObject({
      code: 'journal-broken',
    });
  const yes = at.operator.approveMigration({ connection, gate: 'coverage', by: 'bob' });
  await expect(yes).rejects.toMatchObject({ code: 'journal-broken' });
});
