import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { CycleView } from '../../src/ports/operator.ts';
import { READ_PERMISSIONS } from '../../src/sandbox/tenant/login/applications.ts';
import { company, cycle, memberCount, userNames, writes } from './company.ts';
import { startWorld, type World } from './world.ts';

/** More members than Graph puts on a page. */
const USERS = 1050;
let world: World;
let operator: OperatorClient;

beforeAll(async () => {
  const organisation = company({ users: USERS, groups: { Fleet: [1, USERS], Crew: [1, 8] } });
  world = await startWorld({ organisation });
  operator = await world.open();
  await cycle(operator);
});
afterAll(() => world.close());

beforeEach(() => {
  world.tenant.control.clearFaults();
  world.tenant.control.clearRequests();
  world.provider.clearRequests();
});

/** What became of a cycle, and what the provider holds after it. */
async function outcome() {
  const { result, failure, verdict, total } = await cycle(operator);
  return { result, failure, verdict, total, ...standing() };
}

function standing() {
  return { writes: writes(world), accounts: userNames(world).length, members: memberCount(world, 'Fleet') };
}

/** Nothing was written, and everybody has what they had. */
const UNTOUCHED = { writes: [], accounts: USERS, members: USERS };

function ended(result: CycleView['result'], message: RegExp, remedy: RegExp) {
  const failure = { message: expect.stringMatching(message), remedy: expect.stringMatching(remedy) };
  return { result, failure, ...UNTOUCHED };
}

function tokensAskedFor(): number {
  return world.tenant.control.requests().filter(({ path }) => path.endsWith('/token')).length;
}

/** The app registration with other permissions, and tokens given out before made worthless, as a new consent does. */
function permit(permissions: readonly string[]): void {
  const [application] = world.tenant.applications();
  if (application === undefined) throw new Error('the sandbox has no app registration');
  world.tenant.control.registerApplication({ ...application, permissions });
  world.tenant.control.revokeTokens();
}

describe('credentials of the directory', () => {
  test('a wrong client secret fails the cycle with the code of Entra and what to do; the right one needs no restart', async () => {
    const file = join(world.directory, 'entra-secret');
    writeFileSync(file, 'not-the-secret');
    const failed = await outcome();
    const remedy = /^The client secret is wrong\. Create a secret/;
    expect(failed).toMatchObject(ended('failed', /refused application .* a token \(AADSTS7000215\)/, remedy));
    expect(JSON.stringify(failed)).not.toContain('not-the-secret');
    writeFileSync(file, world.tenant.applications()[0]?.secrets[0]?.value ?? '');
    expect((await cycle(operator)).result).toBe('succeeded');
  });

  test('a token that was revoked is replaced once, and the cycle goes on', async () => {
    world.tenant.control.revokeTokens();
    expect((await cycle(operator)).result).toBe('succeeded');
    expect(tokensAskedFor()).toBe(1);
  });

  test('tokens that are refused again fail the cycle after one refresh, with the request id of Graph', async () => {
    world.tenant.control.addFault({ path: '/servicePrincipals*', effect: { kind: 'status', status: 401 } });
    expect(await outcome()).toMatchObject(
      ended('failed', /refused the token .* Request id [\w-]{36}\.$/, /Check that directory\.tenant/),
    );
    expect(tokensAskedFor()).toBe(1);
  });

  /** Without it only one guard is blind, which every verdict says; everything else can be read. */
  const FOR_A_GUARD = 'Synchronization.Read.All';

  test('a missing permission that one guard needs is told by the doctor, and the cycle goes on without that guard', async () => {
    permit(READ_PERMISSIONS.filter((permission) => permission !== FOR_A_GUARD));
    expect(await outcome()).toMatchObject({ result: 'succeeded' });
    const refused = (await operator.doctor(new AbortController().signal)).filter(({ ok }) => !ok);
    expect(refused.map(({ remedy }) => remedy)).toEqual([expect.stringContaining(FOR_A_GUARD)]);
    permit(READ_PERMISSIONS);
  });

  const needed = READ_PERMISSIONS.filter((permission) => permission !== FOR_A_GUARD);
  test.each(needed)('a missing %s is named, in the cycle and by the doctor', async (missing) => {
    permit(READ_PERMISSIONS.filter((permission) => permission !== missing));
    const named = new RegExp(`application permission ${missing.replaceAll('.', '\\.')} with admin consent`);
    expect(await outcome()).toMatchObject(ended('failed', /refused .* \(403 Authorization_RequestDenied\)/, named));
    const refused = (await operator.doctor(new AbortController().signal)).filter(({ ok }) => !ok);
    expect(refused.length).toBeGreaterThan(0);
    for (const { remedy } of refused) expect(remedy).toMatch(named);
    permit(READ_PERMISSIONS);
    expect((await cycle(operator)).result).toBe('succeeded');
  });
});

describe('reads of the directory that fail', () => {
  test.each([
    ['the assignments', '/servicePrincipals/*/appRoleAssignedTo'],
    ['the members of a group', '/groups/*/members'],
    ['the count of the members', '/groups/*/members/$count'],
  ])('%s failing for good fail the cycle, though somebody has left meanwhile', async (_what, path) => {
    world.tenant.control.removeMember('Fleet', 'person1000@harbour.example');
    // A wait this long is given up at once, as after the last of many short ones.
    world.tenant.control.addFault({ path, effect: { kind: 'status', status: 503, retryAfter: '3600' } });
    expect(await outcome()).toMatchObject(
      ended('failed', /Microsoft Graph throttled .* asks for 3600 s/, /next cycle reads everything/),
    );
    world.tenant.control.addMember('Fleet', 'person1000@harbour.example');
  });

  test('a page that fails for ever in the middle fails the cycle after all patience', async () => {
    world.tenant.control.addFault({ path: '/groups/*/members', page: 2, effect: { kind: 'status', status: 500 } });
    expect(await outcome()).toMatchObject(
      ended('failed', /failed reading the members of a group \(500/, /service health/),
    );
  });

  test.each([
    ['an answer whose JSON ends in the middle', { kind: 'truncated' }],
    ['a connection that ends in the middle of a body', { kind: 'cut' }],
    ['a connection that is reset', { kind: 'reset' }],
    ['an HTML page of a proxy', { kind: 'html', status: 502 }],
    ['a 429 without Retry-After', { kind: 'status', status: 429 }],
  ] as const)('%s is read again', async (_what, effect) => {
    world.tenant.control.addFault({ path: '/groups/*/members', times: 1, effect });
    expect(await outcome()).toMatchObject({ result: 'succeeded', ...UNTOUCHED });
  });

  test('a page without a list is no empty group', async () => {
    world.tenant.control.addFault({ path: '/groups/*/members', effect: { kind: 'no-value' } });
    expect(await outcome()).toMatchObject(ended('failed', /^Page 1 had no list of objects/, /nothing was changed/));
  });

  test('a next link that leads back fails the cycle instead of being followed for ever', async () => {
    world.tenant.control.addFault({ path: '/groups/*/members', effect: { kind: 'loop' } });
    expect(await outcome()).toMatchObject(ended('failed', /leads back to a page read before/, /nothing was changed/));
  });
});

describe('reads of the directory that look sound and are not', () => {
  test('a count that disagrees with the members refuses the plan', async () => {
    const effect = { kind: 'count-off', by: 3 } as const;
    world.tenant.control.addFault({ path: '/groups/*/members/$count', effect });
    expect(await outcome()).toMatchObject(
      ended('refused', /^incomplete-read: .*members of group .*: expected 1053, found 1050/, /nothing was changed/),
    );
  });

  test('members that end early refuse the plan', async () => {
    world.tenant.control.addFault({ path: '/groups/*/members', page: 1, effect: { kind: 'end-early' } });
    expect(await outcome()).toMatchObject(
      ended('refused', /^incomplete-read: .*expected 1050, found 999/, /nothing was changed/),
    );
  });

  test('assignments that end early once are read again; those that always do are left to the guard on removals', async () => {
    for (let n = 1; n <= 1000; n++) world.tenant.control.assign({ principal: `person${n}@harbour.example` });
    world.tenant.control.unassign({ principal: 'Fleet' });
    world.tenant.control.assign({ principal: 'Fleet' });
    expect((await cycle(operator)).result).toBe('succeeded');
    const path = '/servicePrincipals/*/appRoleAssignedTo';
    world.tenant.control.addFault({ path, page: 1, times: 1, effect: { kind: 'end-early' } });
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
    // Two reads that end at the same place agree: nothing in Graph tells that they are short.
    world.tenant.control.addFault({ path, page: 1, effect: { kind: 'end-early' } });
    const held = await cycle(operator);
    const findings = held.verdict?.findings ?? [];
    expect(findings.filter(({ guard }) => guard === 'too-many-removals')).toMatchObject([
      { message: expect.stringContaining('52 accounts to disable') },
      { message: expect.stringContaining('1050 members to remove') },
    ]);
    expect(standing()).toEqual(UNTOUCHED);
  });
});
