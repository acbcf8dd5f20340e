import { afterEach, describe, expect, test } from 'vitest';
import { company, cycle, personName, userNames, writes } from './company.ts';
import { startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Words that have broken filters, URLs, SQL and terminals somewhere. */
const AWKWARD = [
  `o'hara`,
  `double"quote`,
  `back\\slash`,
  `100%25`,
  `a&b=c?d#e`,
  `plus+sign`,
  `dollar$1$&`,
  `'; drop table links; --`,
  `" or userName pr or "`,
  `zwölf.größe`,
  `ﬁ-ligature`,
  `日本語`,
  `👩‍🚀`,
  `e\u0301-decomposed`,
  `\u00e9-composed`,
  `İstanbul`,
  `\u202ertl`,
];

describe('names', () => {
  const properties = Object.fromEntries(
    AWKWARD.map((name, index) => [
      index + 1,
      {
        userPrincipalName: `${name}@harbour.example`,
        mailNickname: name,
        displayName: name,
        givenName: name,
        surname: `${name}%00`,
        jobTitle: `${name}\n${name}`,
      },
    ]),
  );
  const names = AWKWARD.map((name) => `${name}@harbour.example`).toSorted();

  test('quotes, percent signs, backslashes and any script arrive as they are, and the next cycle finds nothing to do', async () => {
    const users = AWKWARD.length;
    world = await startWorld({
      organisation: company({ users, properties, groups: { [`Group "A" 100% \\ ö`]: [1, users] } }),
    });
    const operator = await world.open();
    expect((await cycle(operator)).result).toBe('succeeded');
    expect(userNames(world)).toEqual(names);
    expect(world.provider.groups.find(`Group "A" 100% \\ ö`)?.['members']).toHaveLength(users);
    world.provider.clearRequests();
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
    expect(writes(world)).toEqual([]);
    const explained = await operator.explain('acme', `o'hara@harbour.example`, new AbortController().signal);
    expect(explained).toMatchObject({ found: true, conclusion: expect.stringContaining('entitled through group') });
  });

  test('they are found again by filter after answers were lost, and by matching when the listing is not believed', async () => {
    const users = AWKWARD.length;
    const organisation = company({ users, properties, direct: [1, users] });
    world = await startWorld({
      organisation,
      provider: { faults: [{ fault: 'failAfter', method: 'POST', path: '^/Users', times: users }] },
    });
    expect((await world.fullCycle()).result).toBe('succeeded');
    expect(userNames(world)).toEqual(names);
    const seed = world.provider.snapshot();
    await world.close();
    world = await startWorld({ organisation, provider: { seed, faults: [{ fault: 'lyingTotalResults', value: 1 }] } });
    expect((await world.fullCycle()).result).toBe('succeeded');
    expect(writes(world).filter((write) => write === 'POST /Users')).toEqual([]);
    expect(userNames(world)).toEqual(names);
  });
});

describe('names that collide', () => {
  const mapping = {
    extends: 'default',
    attributes: [{ target: 'userName', source: 'mail', match: 1 }],
  };

  test('people who map to one userName are held, all of them, and everybody else goes on', async () => {
    const properties = { 2: { mail: 'shared@harbour.example' }, 5: { mail: 'SHARED@harbour.example' } };
    world = await startWorld({
      organisation: company({ users: 8, direct: [1, 8], properties }),
      connection: { mapping },
    });
    const operator = await world.open();
    const first = await cycle(operator);
    expect(first.result).toBe('succeeded');
    expect(userNames(world)).toEqual([1, 3, 4, 6, 7, 8].map(personName).toSorted());
    const held = await operator.operations(first.id, { states: ['held'], limit: 10 });
    expect(held.map(({ operation, heldBy }) => [operation.label, heldBy])).toEqual([
      [personName(2), 'matching-collision'],
      [personName(5), 'matching-collision'],
    ]);
    expect(first.verdict?.findings[0]?.message).toContain('2 users map to the same userName "shared@harbour.example"');
    world.tenant.control.updateUser(personName(5), { mail: personName(5) });
    expect((await cycle(operator)).verdict?.findings).toEqual([]);
    expect(userNames(world)).toHaveLength(8);
  });

  test('an account somebody else has is never handed over', async () => {
    world = await startWorld({ organisation: company({ users: 3, direct: [1, 2] }), connection: { mapping } });
    const operator = await world.open();
    await cycle(operator);
    const id = world.provider.accounts.find(personName(1))?.['id'];
    world.tenant.control.updateUser(personName(3), { mail: personName(1) });
    world.tenant.control.assign({ principal: personName(3) });
    const held = await cycle(operator);
    expect(held.verdict?.findings).toMatchObject([{ guard: 'matching-collision', effect: 'hold' }]);
    expect(world.provider.accounts.find(personName(1))?.['id']).toBe(id);
    expect(userNames(world)).toEqual([personName(1), personName(2)]);
  });
});
