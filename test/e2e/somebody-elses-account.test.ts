import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { type JsonObject, URN } from '../../src/core/scim.ts';
import { company, cycle, personName, userNames, writes } from './company.ts';
import { startWorld, type World } from './world.ts';

/*
 * An id at the provider is all that a link has. Where a provider gives it to somebody else, a removal would take away their
 * account; whoever was only renamed by hand must lose theirs all the same.
 */
const never = new AbortController().signal;
let world: World;
let operator: OperatorClient;

/** 1 to 19 are assigned, 20 is a colleague without access. */
beforeEach(async () => {
  world = await startWorld({ organisation: company({ users: 20, direct: [1, 19] }) });
  operator = await world.open();
  await cycle(operator);
  world.provider.clearRequests();
});
afterEach(() => world.close());

function idOf(name: string): string {
  const id = world.provider.accounts.find(name)?.['id'];
  if (typeof id !== 'string') throw new Error(`${name} has no account`);
  return id;
}

/** Whom the account of that id is from now on, as the provider tells. */
function becomes(id: string, person: JsonObject): void {
  world.provider.change('PUT', `/Users/${id}`, { schemas: [URN.user], active: true, ...person });
}

function leaves(...numbers: readonly number[]): void {
  for (const n of numbers) world.tenant.control.unassign({ principal: personName(n) });
}

/** Everything the mapping makes of a person by which people are told apart. */
function everythingOf(name: string, address: string, family: string): JsonObject {
  return {
    userName: address,
    externalId: name,
    displayName: `${name} ${family}`,
    name: { familyName: family },
    emails: [{ value: address, type: 'work' }],
  };
}

const COLLEAGUE = everythingOf('person20', personName(20), 'Number20');
const STRANGER = everythingOf('rosa', 'rosa@elsewhere.example', 'L');
const { externalId: _rosa, ...NOBODY } = STRANGER;

describe('an account whose id the provider has given to somebody else', () => {
  test.each(['initial', 'incremental'] as const)(
    'is not disabled for a leaver by an %s cycle, which names both and goes on with the others',
    async (kind) => {
      const id = idOf(personName(2));
      becomes(id, COLLEAGUE);
      leaves(2, 3);
      const { verdict } = await cycle(operator, kind);
      expect(verdict?.findings).toMatchObject([
        {
          guard: 'matching-collision',
          effect: 'hold',
          message: expect.stringMatching(new RegExp(`${personName(2)}.*${id}.*${personName(20)}`)),
          remedy: expect.stringContaining('forget-vanished -c acme'),
        },
      ]);
      expect(world.provider.canSignIn(personName(20))).toBe(true);
      expect(world.provider.accounts.get(id)).toMatchObject(COLLEAGUE);
      expect(userNames(world, false)).toEqual([personName(3)]);
      expect(writes(world)).toEqual(['PATCH /Users']);
    },
  );

  test('is neither deleted for somebody who is gone for good nor touched on demand, nor when nobody here knows them', async () => {
    const [ofColleague, ofStranger] = [idOf(personName(2)), idOf(personName(3))];
    becomes(ofColleague, COLLEAGUE);
    becomes(ofStranger, STRANGER);
    world.tenant.control.hardDeleteUser(personName(2));
    leaves(3);
    const { result, verdict } = await cycle(operator);
    expect(result).toBe('held');
    expect(verdict?.findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(new RegExp(`disable ${personName(3)}.*"rosa", and theirs is "person3"`)),
      expect.stringMatching(new RegExp(`delete ${personName(2)}.*${personName(20)}`)),
    ]);
    const asked = await operator.planSubject('acme', personName(3), never);
    expect(asked.verdict.findings.map(({ guard }) => guard)).toEqual(['matching-collision']);
    expect(world.provider.accounts.get(ofColleague)).toMatchObject({ ...COLLEAGUE, active: true });
    expect(world.provider.accounts.get(ofStranger)).toMatchObject({ ...STRANGER, active: true });
    expect(writes(world)).toEqual([]);
  });

  test('is forgotten by a person, and then belongs to whom it is', async () => {
    const id = idOf(personName(2));
    becomes(id, COLLEAGUE);
    leaves(2);
    expect((await cycle(operator)).result).toBe('held');
    const { gone, digest } = await operator.links.vanished('acme', never);
    expect(gone).toMatchObject([
      { label: personName(2), resourceId: id, inScope: false, whose: expect.stringContaining(personName(20)) },
    ]);
    await operator.links.forgetVanished({ connection: 'acme', digest, by: 'ada', reason: 'another person' }, never);
    world.tenant.control.assign({ principal: personName(20) });
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', verdict: { findings: [] } });
    expect(idOf(personName(20))).toBe(id);
    leaves(20);
    expect((await cycle(operator)).result).toBe('succeeded');
    expect(userNames(world, false)).toEqual([personName(20)]);
  });
});

test('an account that was only changed by hand is taken from its user like any other', async () => {
  const ids = [2, 3, 4, 5, 6].map((n) => idOf(personName(n)));
  const [renamed = '', mixed = '', numbered = '', unknown = '', gone = ''] = ids;
  becomes(renamed, { ...everythingOf('person2', personName(2), 'Number2'), userName: 'p2@harbour.example' });
  becomes(mixed, { ...STRANGER, displayName: 'Person 3' });
  becomes(numbered, { ...NOBODY, userName: 'p4', externalId: 'person4' });
  // Nothing tells it from somebody else's, and nothing says that it is.
  becomes(unknown, { ...NOBODY, userName: 'p5' });
  becomes(gone, { ...NOBODY, userName: 'p6' });
  leaves(2, 3, 4, 5);
  world.tenant.control.hardDeleteUser(personName(6));
  expect(await cycle(operator)).toMatchObject({ result: 'succeeded', verdict: { findings: [] } });
  expect(ids.map((id) => world.provider.accounts.get(id)?.['active'])).toEqual([false, false, false, false, undefined]);
});
