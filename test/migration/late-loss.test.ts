import { expect, test } from 'vitest';
import { z } from 'zod';
import { company, personName } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld } from './entra-world.ts';

const openWorld = useEntraWorlds();

/** Eight people, at the open gate: 1 to 5 through Crew, 6 and 7 through Deck, 8 directly. */
async function open(): Promise<EntraWorld> {
  const organisation = company({ users: 8, groups: { Crew: [1, 5], Deck: [6, 7] }, direct: [8, 8] });
  const at = await openWorld({ organisation });
  await at.start('remove-groups', ['Crew', 'Deck']);
  expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
  at.provider.clearRequests();
  await at.approve();
  return at;
}

function sent(at: EntraWorld, method: string): number {
  return at.provider.requests().filter((one) => one.method === method).length;
}

/** Goes on, with a cycle of Entra's job after each look, until the step it is at says so. */
async function until(at: EntraWorld, said: string): Promise<void> {
  for (let times = 0; times < 40; times++) {
    const { latest } = await at.look(1);
    if (latest.text.includes(said)) return;
    await at.cycle();
  }
  throw new Error(JSON.stringify(await at.look(1)));
}

/** Ids of all members of both groups. */
function members({ provider }: EntraWorld): ReadonlySet<string> {
  const shape = z.array(z.object({ value: z.string() }));
  const lists = provider.groups.all().map((group) => shape.parse(group['members'] ?? []));
  return new Set(lists.flat().map(({ value }) => value));
}

function removeAccount({ provider }: EntraWorld, id: unknown): void {
  if (typeof id !== 'string') throw new Error('there is no such account');
  provider.change('DELETE', `/Users/${id}`);
}

test('a provider that takes an account without a group a moment later loses the one taken out first, and no other', async () => {
  const at = await open();
  const before = members(at);
  await until(at, 'still there');
  expect(sent(at, 'PATCH')).toBe(1);
  const left = members(at);
  const [first] = [...before].filter((id) => !left.has(id));
  removeAccount(at, first);
  expect(await at.settle()).toMatchObject({ result: 'aborted', frozen: true });
  expect(sent(at, 'PATCH')).toBe(1);
  expect(at.active()).toHaveLength(7);
});

test('a provider that takes people along with a group a moment later does so with the first group alone', async () => {
  const at = await open();
  const id = at.provider.accounts.find(personName(6))?.['id'];
  await until(at, 'everybody who was in it is still there');
  expect([...at.provider.groups.all()].map(({ displayName }) => displayName)).toEqual(['Crew']);
  removeAccount(at, id);
  expect(await at.settle()).toMatchObject({ result: 'aborted', frozen: true });
  expect(at.assigned()).toContain('Crew');
  expect(await at.jobCode()).toBe('Paused');
});

test('a provider that loses most people at once ends it, however much that looks like a read that went wrong', async () => {
  const at = await open();
  await until(at, 'the groups are gone and 8 accounts are active');
  for (const { id } of at.provider.accounts.all().slice(0, 7)) removeAccount(at, id);
  const view = await at.look(1);
  expect(view).toMatchObject({ result: 'aborted', frozen: true });
  expect(view.resultText).toMatch(/7 accounts .* are not any more.*"not found" for 7 of 8/);
});
