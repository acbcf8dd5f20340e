import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../../src/cli/demo/daemon.ts';
import { guideCompany } from '../../src/sandbox/organisation/guide-company.ts';
import type { Organisation } from '../../src/sandbox/organisation/organisation.ts';
import { BEHAVIOURS, type BehaviourName } from '../../src/sandbox/provider/behaviours/registry.ts';
import { closed, startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** The two people of the guide who reach the application through the group IT. */
const PEOPLE = ['info.test1', 'info.test3'];

function theGroup(organisation: Organisation): string {
  const [group] = organisation.groups.values(organisation.version());
  if (group === undefined) throw new Error('the company has no group');
  return group.id;
}

/** The company of the guide with a provider that behaves as it does in the world, configured by its profile alone. */
async function startCompany(profile: BehaviourName) {
  const organisation = guideCompany();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}${BEHAVIOURS[profile].basePath}`;
  const provider = {
    profile,
    url,
    credential: { kind: 'bearer', token_file: './acme-token' },
    requestsPerSecond: 1000,
  };
  const handles = { extends: 'default', attributes: [{ target: 'userName', source: 'mailNickname', match: 1 }] };
  // The group goes with its people in it, on purpose: what becomes of them is the provider's nature.
  const guards = { off: ['non-empty-group-delete'] };
  const connection = profile === 'slack' ? { provider, guards, mapping: handles } : { provider, guards };
  world = await startWorld({ organisation, provider: { behaviour: profile, port }, connection });
  const operator = await world.open();
  const cycle = async () => {
    const { id } = await operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' });
    return closed(operator, id);
  };
  return { world, organisation, operator, cycle };
}

const signIns = ({ provider }: World) =>
  PEOPLE.filter((name) => provider.canSignIn(name) || provider.canSignIn(`${name}@testcompany.example`));

/** Those that differ most from one another; every other one lives through the same below the queue. */
describe.each(['uniqkey', 'aws-identity-center', 'slack'] as const)('the guide at a %s provider', (profile) => {
  test('the group goes, the people stay, and a later leaver goes alone', async () => {
    const { world: here, organisation, cycle } = await startCompany(profile);
    const { control } = here.tenant;
    expect((await cycle()).result).toBe('succeeded');
    expect(signIns(here)).toEqual(PEOPLE);
    for (const name of PEOPLE) control.assign({ principal: `${name}@testcompany.example` });
    control.unassign({ principal: theGroup(organisation) });
    expect((await cycle()).result).toBe('succeeded');
    expect([here.provider.groups.size, signIns(here)]).toEqual([0, PEOPLE]);
    here.provider.clearRequests();
    await cycle();
    expect(here.provider.requests().filter(({ method }) => method !== 'GET')).toEqual([]);
    control.unassign({ principal: 'info.test3@testcompany.example' });
    expect((await cycle()).result).toBe('succeeded');
    expect(signIns(here)).toEqual(['info.test1']);
  });
});

test('a plan that cannot be undone says so to whoever asks for it', async () => {
  const { world: here, operator, cycle } = await startCompany('github-emu');
  await cycle();
  here.tenant.control.hardDeleteUser('info.test3@testcompany.example');
  const { id } = await cycle();
  const operations = await operator.operations(id, { limit: 10 });
  const removal = operations.find(({ operation }) => operation.kind === 'delete');
  expect(removal?.operation).toMatchObject({ effect: 'irreversible' });
  expect(removal?.operation.reason.text).toBe(
    'cannot be undone at this provider; permanently deleted in the directory',
  );
});
