import express5 from 'express-5';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generateOrganisation } from '../../src/sandbox/organisation/generate.ts';
import { guideCompany } from '../../src/sandbox/organisation/guide-company.ts';
import type { Organisation } from '../../src/sandbox/organisation/organisation.ts';
import { startScimmy, type ScimmyServer } from '../scimmy-server.ts';
import { company, personName } from './company.ts';
import { startWorld, type World } from './world.ts';

const TOKEN = 'tok-5c1mmy-0123456789';
let scimmy: ScimmyServer;
let world: World | undefined;

beforeEach(async () => {
  scimmy = await startScimmy(TOKEN);
});
afterEach(async () => {
  await world?.close();
  world = undefined;
  await scimmy.close();
});

function against(organisation: Organisation): Promise<World> {
  return startWorld({ organisation, scim: { url: scimmy.url, token: TOKEN } });
}

function account(userName: string): Readonly<Record<string, unknown>> | undefined {
  return scimmy.users.all().find((row) => row['userName'] === userName);
}

/** userNames of the accounts in a SCIM group. */
function membersOf(displayName: string): readonly string[] {
  const group = scimmy.groups.all().find((row) => row['displayName'] === displayName);
  const members = Array.isArray(group?.['members']) ? group['members'] : [];
  const names = new Map(scimmy.users.all().map((row) => [row['id'], String(row['userName'])]));
  return members.map((member: { readonly value: string }) => names.get(member.value) ?? 'nobody').toSorted();
}

const ONE = 'info.test1@testcompany.example';
const TWO = 'info.test2@testcompany.example';
const THREE = 'info.test3@testcompany.example';

describe('full cycles against a SCIM server written by others', () => {
  test('joiners, renames, memberships, a leaver and a return arrive there, one cycle each, and nothing else is written', async () => {
    world = await against(guideCompany());
    const { control } = world.tenant;

    expect((await world.fullCycle()).result).toBe('succeeded');
    expect([account(ONE)?.['active'], account(TWO), account(THREE)?.['active']]).toEqual([true, undefined, true]);
    expect(membersOf('IT')).toEqual([ONE, THREE]);

    scimmy.clearWrites();
    expect((await world.fullCycle()).result).toBe('succeeded');
    expect(scimmy.writes()).toEqual([]);

    const kept = account(ONE)?.['id'];
    control.updateUser(ONE, { userPrincipalName: 'ada@testcompany.example', displayName: 'Ada "O\'Neil" 100%' });
    control.addMember('IT', TWO);
    expect((await world.fullCycle()).result).toBe('succeeded');
    expect(account('ada@testcompany.example')).toMatchObject({ id: kept, displayName: 'Ada "O\'Neil" 100%' });
    expect(membersOf('IT')).toEqual(['ada@testcompany.example', TWO, THREE]);

    control.removeMember('IT', THREE);
    const leaving = await world.fullCycle();
    expect([leaving.result, leaving.planCounts?.operations['account.disable']]).toEqual(['succeeded', 1]);
    expect(account(THREE)?.['active']).toBe(false);
    expect(membersOf('IT')).toEqual(['ada@testcompany.example', TWO]);

    control.addMember('IT', THREE);
    control.updateGroup('IT', { displayName: 'IT department' });
    expect((await world.fullCycle()).result).toBe('succeeded');
    expect(account(THREE)?.['active']).toBe(true);
    expect(membersOf('IT department')).toEqual(['ada@testcompany.example', TWO, THREE]);

    scimmy.clearWrites();
    await world.fullCycle();
    expect(scimmy.writes()).toEqual([]);
  });

  test('an organisation with every attribute, managers and odd names is complete after one cycle', async () => {
    world = await against(generateOrganisation({ seed: 5, users: 150, groups: 12 }));
    const first = await world.fullCycle();
    expect(first.result).toBe('succeeded');
    expect(scimmy.users.all().filter((row) => JSON.stringify(row).includes('"manager"')).length).toBeGreaterThan(20);
    expect(scimmy.users.all()).toHaveLength(first.planCounts?.entitledUsers ?? -1);
    expect(scimmy.groups.all()).toHaveLength(first.planCounts?.entitledGroups ?? -1);
    scimmy.clearWrites();
    const second = await world.fullCycle();
    expect([second.planCounts?.operations, scimmy.writes()]).toEqual([{}, []]);
  });
});

test('on Express 5, where its paging is broken, nobody is removed, disabled or created twice', async () => {
  await scimmy.close();
  scimmy = await startScimmy(TOKEN, express5);
  const organisation = company({ users: 230, groups: { Crew: [1, 150] }, direct: [151, 230] });
  world = await against(organisation);
  expect((await world.fullCycle()).result).toBe('succeeded');
  const before = scimmy.users.all().map(({ id, userName, active }) => ({ id, userName, active }));
  expect(before.filter(({ active }) => active === true)).toHaveLength(230);
  scimmy.clearWrites();
  const again = await world.fullCycle();
  expect([again.result, again.planCounts?.operations, scimmy.writes()]).toEqual(['succeeded', {}, []]);
  expect(scimmy.users.all().map(({ id, userName, active }) => ({ id, userName, active }))).toEqual(before);
  world.tenant.control.removeMember('Crew', personName(7));
  const leaving = await world.fullCycle();
  expect([leaving.result, leaving.planCounts?.operations['account.disable']]).toEqual(['succeeded', 1]);
  expect(account(personName(7))?.['active']).toBe(false);
  expect(scimmy.users.all().filter(({ active }) => active === true)).toHaveLength(229);
});
