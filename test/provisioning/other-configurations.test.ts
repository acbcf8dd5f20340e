import { expect, test } from 'vitest';
import type { WorksOn } from '../../src/ports/stores.ts';
import { checkOthers } from '../../src/provisioning/doctor.ts';
import { tellOthers, unseenBeside } from '../../src/provisioning/other-configurations.ts';
import { theRules } from '../builders.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

const acme = aConnection(fakeDirectory({ assignments: [] }), fakeProvider({}));
const ELSEWHERE = 'https://other.example/scim/v2';

/** What acme finds of beta, which another process has told of. */
async function found(beta: Partial<typeof acme>, here: readonly (typeof acme)[] = [acme]) {
  const told: WorksOn[] = [];
  const tell = async (connections: readonly WorksOn[]) => void told.push(...connections);
  const other = { ...acme, rules: theRules({ name: 'beta' }), ...beta };
  await tellOthers({ connections: new Map([['beta', other]]), stores: { connections: { tell } } });
  const connections = new Map(here.map((one) => [one.rules.name, one]));
  const stores = { connections: { told: async () => told } };
  const ports = { connections, stores, clock: { now: () => 0 } };
  return { unseen: await unseenBeside(acme, ports), doctor: await checkOthers('acme', ports) };
}

test.each([
  ['the same application', { target: ELSEWHERE }, ['application']],
  ['the same application of another tenant', { target: ELSEWHERE, tenant: 'fabrikam' }, []],
  ['the same provider', { target: 'https://ACME.example/scim/v2/', tenant: 'fabrikam' }, ['provider']],
] as const)('a connection of another configuration is known by what it works on: %s', async (_rule, beta, shares) => {
  const { unseen, doctor } = await found(beta);
  expect(unseen.map((one) => one.shares)).toEqual(shares);
  expect(doctor.map(({ area, warns }) => [area, warns])).toEqual(shares.map(() => ['acme: configuration', true]));
});

test('one of this configuration is none of another', async () => {
  const beta = { ...acme, rules: theRules({ name: 'beta' }) };
  expect((await found({}, [acme, beta])).unseen).toEqual([]);
});

test('where its provider is stays unsaid', async () => {
  const told: WorksOn[] = [];
  const tell = async (connections: readonly WorksOn[]) => void told.push(...connections);
  await tellOthers({ connections: new Map([['acme', acme]]), stores: { connections: { tell } } });
  expect(JSON.stringify(told)).not.toContain('acme.example');
});
