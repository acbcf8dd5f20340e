import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { URN } from '../../src/core/scim.ts';
import type { BehaviourName } from '../../src/sandbox/provider/behaviours/registry.ts';
import { company, cycle, personName } from './company.ts';
import { startWorld, type World } from './world.ts';

/*
 * Headgate remembers the members it has put into a SCIM group. Others are in it rightly as well: who was there before, and
 * whom the provider took although it refused somebody else.
 */
let world: World;
let operator: OperatorClient;
afterEach(() => world.close());

/** 1 to 3 come by Crew, and all six by Deck, so that whoever leaves Crew keeps the account. */
async function begin(before: () => void = () => undefined, profile: BehaviourName = 'generic'): Promise<void> {
  const organisation = company({ users: 6, groups: { Crew: [1, 3], Deck: [1, 6] } });
  world = await startWorld({ organisation, provider: { behaviour: profile }, profile });
  before();
  operator = await world.open();
  await cycle(operator);
}

function crew(): readonly (string | undefined)[] {
  const members = world.provider.groups.find('Crew')?.['members'];
  if (!Array.isArray(members)) return [];
  return [1, 2, 3, 4, 5, 6].map(personName).filter((name) => {
    const id = world.provider.accounts.find(name)?.['id'];
    return members.some(
      (member) => typeof member === 'object' && member !== null && 'value' in member && member.value === id,
    );
  });
}

/** Refuses the next two requests to change members: all of them together, and the first one alone. */
function refuseTheFirst(): void {
  world.provider.faults.set({ fault: 'failBefore', value: 400, method: 'PATCH', path: '^/Groups', times: 2 });
}

test('who was in a SCIM group before it was Headgate’s is taken out when they leave, by an incremental cycle, too', async () => {
  await begin(() => world.tenant.control.unassign({ principal: 'Crew' }));
  const members = [1, 2, 3].flatMap((n) => {
    const id = world.provider.accounts.find(personName(n))?.['id'];
    return id === undefined ? [] : [{ value: id }];
  });
  world.provider.change('POST', '/Groups', { schemas: [URN.group], displayName: 'Crew', members });
  world.tenant.control.assign({ principal: 'Crew' });
  await cycle(operator, 'incremental');
  expect(crew()).toEqual([1, 2, 3].map(personName));
  world.tenant.control.removeMember('Crew', personName(1));
  await cycle(operator, 'incremental');
  expect(crew()).toEqual([2, 3].map(personName));
});

test('who was put in beside somebody the provider refused is taken out when they leave', async () => {
  await begin();
  world.tenant.control.addMember('Crew', personName(4));
  world.tenant.control.addMember('Crew', personName(5));
  refuseTheFirst();
  await cycle(operator, 'incremental');
  expect(crew()).toEqual([1, 2, 3, 5].map(personName));
  world.tenant.control.removeMember('Crew', personName(5));
  await cycle(operator, 'incremental');
  expect(crew()).toEqual([1, 2, 3, 4].map(personName));
});

test('who was taken out beside somebody the provider kept is put back when they come again', async () => {
  await begin();
  world.tenant.control.removeMember('Crew', personName(1));
  world.tenant.control.removeMember('Crew', personName(2));
  refuseTheFirst();
  await cycle(operator, 'incremental');
  expect(crew()).toEqual([1, 3].map(personName));
  world.tenant.control.addMember('Crew', personName(2));
  await cycle(operator, 'incremental');
  expect(crew()).toEqual([2, 3].map(personName));
});

describe('where a provider shows no members, a full cycle knows it, too', () => {
  beforeEach(() => begin(undefined, 'aws-identity-center'));

  test('who was put in beside somebody the provider refused is taken out when they leave', async () => {
    world.tenant.control.addMember('Crew', personName(4));
    world.tenant.control.addMember('Crew', personName(5));
    refuseTheFirst();
    await cycle(operator);
    expect(crew()).toEqual([1, 2, 3, 5].map(personName));
    world.tenant.control.removeMember('Crew', personName(5));
    await cycle(operator);
    expect(crew()).toEqual([1, 2, 3, 4].map(personName));
  });

  test('who was taken out beside somebody the provider kept is put back when they come again', async () => {
    world.tenant.control.removeMember('Crew', personName(1));
    world.tenant.control.removeMember('Crew', personName(2));
    refuseTheFirst();
    await cycle(operator);
    expect(crew()).toEqual([1, 3].map(personName));
    world.tenant.control.addMember('Crew', personName(2));
    await cycle(operator);
    expect(crew()).toEqual([2, 3].map(personName));
  });
});
