import { expect, test } from 'vitest';
import { z } from 'zod';
import { company, people, personName } from '../e2e/company.ts';
import { firstTime, wholeLineName } from './journal-deaths.ts';
import { endOf } from './own-lives.ts';
import { useOwnWorlds, type OwnWorld } from './own-world.ts';

const openWorld = useOwnWorlds();

/** Five people, at the open gate: 1 to 4 through Crew, 4 and 5 through Deck. The fifth is disabled once Deck is deleted. */
async function open(): Promise<OwnWorld> {
  const at = await openWorld(company({ users: 5, groups: { Crew: [1, 4], Deck: [4, 5] } }));
  const { id: lost } = z.object({ id: z.string() }).parse(at.provider.accounts.find(personName(5)));
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
  const Operations = [{ op: 'replace', path: 'active', value: false }];
  at.provider.observe({
    afterWrite({ method }) {
      if (method === 'DELETE') at.provider.change('PATCH', `/Users/${lost}`, { schemas, Operations });
    },
  });
  await at.start('remove-groups', ['Crew', 'Deck']);
  await at.live();
  await at.approve();
  return at;
}

/** Lets one process after the other go on until none has anything left to do. */
async function liveToTheEnd(at: OwnWorld): Promise<void> {
  for (let life = 0; life < 200; life++) {
    const deaths = at.deaths();
    await at.live();
    if (at.deaths() === deaths) return;
  }
  throw new Error('it does not come to an end');
}

test.each(['before', 'right after'] as const)(
  'M4: killed %s each line of it an abort ends as one that nobody harms: frozen, by name, nothing more sent',
  async (when) => {
    const unharmed = await open();
    await liveToTheEnd(unharmed);
    const end = await endOf(unharmed);
    expect(end).toMatchObject({ result: 'aborted', frozen: true, paused: true, lost: [personName(5)], deletes: 1 });
    expect(end).toMatchObject({ assigned: people(1, 5), groups: { Crew: [] } });

    const at = await open();
    const lines = firstTime(wholeLineName);
    if (when === 'before') at.dieBefore(lines.is);
    else at.dieRightAfter(lines.is);
    await liveToTheEnd(at);
    // What was about to be sent and never was, or whose answer nobody wrote down, the report leaves open.
    expect(await endOf(at)).toEqual({ ...end, open: expect.anything() });
    expect([...lines.seen]).toContain('ended');
  },
);

test('M9: killed between a rollback asked for and the end of the freeze it goes back all the same', async () => {
  const at = await open();
  await liveToTheEnd(at);
  const { id } = await at.operator.migrationStatus(at.name);
  await at.stores.migrations.append(id, [{ kind: 'rollback', by: 'ada' }]);
  await liveToTheEnd(at);
  expect(await endOf(at)).toMatchObject({ result: 'rolled-back', frozen: false, paused: false });
});

test('M9: a rollback names whom a migration that was aborted before has assigned directly: it found them so, and leaves them', async () => {
  const at = await openWorld(company({ users: 4, groups: { Crew: [1, 2] }, direct: [3, 4] }));
  const ask = (verb: 'abort' | 'rollback') => at.operator.actOnMigration({ connection: at.name, verb, by: 'ada' });
  await at.start('remove-groups', ['Crew']);
  await at.live();
  await ask('abort');
  await at.live();
  await at.start('disable-scim');
  await at.live();
  await at.approve();
  await at.live();
  await ask('rollback');
  expect(await at.live()).toMatchObject({
    result: 'rolled-back',
    resultText: expect.stringContaining(
      `2 direct assignments of a migration that was aborted before it stay: ${people(1, 2).join(' and ')}.`,
    ),
  });
  expect(at.assigned()).toEqual(['Crew', ...people(1, 4)]);
});
