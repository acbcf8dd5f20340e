import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { digestOf } from '../../src/sandbox/provider/request-log.ts';
import { company, cycle, personName } from './company.ts';
import { startWorld, type World } from './world.ts';

let world: World | undefined;
let operator: OperatorClient;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function begin(unassigned: 'disable' | 'delete'): Promise<World> {
  const begun = await startWorld({
    organisation: company({ users: 12, direct: [1, 12] }),
    provider: { behaviour: 'salesforce' },
    profile: 'salesforce',
    connection: { deprovision: { unassigned } },
  });
  world = begun;
  operator = await begun.open();
  await cycle(operator);
  return begun;
}

const leaver = personName(5);

const idOf = ({ provider }: World) => provider.accounts.find(leaver)?.['id'];
const writesOf = ({ provider }: World) =>
  provider
    .requests()
    .filter(({ method }) => method !== 'GET')
    .map(({ method, bodyDigest }) => `${method} ${bodyDigest}`.trim());

/** The request of the documentation, to the byte. */
function patchActive(active: boolean): string {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
  const body = { schemas, Operations: [{ op: 'replace', value: { active } }] };
  return `PATCH ${digestOf(Buffer.from(JSON.stringify(body)))}`;
}

async function operations(id: string): Promise<readonly string[]> {
  const all = await operator.operations(id, { limit: 20 });
  return all.map(({ operation, state }) => `${operation.kind} ${state}: ${operation.reason.text}`);
}

describe('Salesforce: accounts are deactivated, never deleted', () => {
  test('A1, A2, A4, A5: PATCH active without a path; the account keeps its name, and comes back with its id', async () => {
    const begun = await begin('disable');
    const id = idOf(begun);
    begun.tenant.control.unassign({ principal: leaver });
    begun.provider.clearRequests();
    const left = await cycle(operator);
    expect(await operations(left.id)).toEqual([expect.stringMatching(/^disable exported: /)]);
    expect(writesOf(begun)).toEqual([patchActive(false)]);
    expect(begun.provider.accounts.find(leaver)).toMatchObject({ id, active: false });
    begun.tenant.control.assign({ principal: leaver });
    begun.provider.clearRequests();
    const back = await cycle(operator);
    expect(await operations(back.id)).toEqual([expect.stringMatching(/^reactivate exported: /)]);
    expect(writesOf(begun)).toEqual([patchActive(true)]);
    expect(idOf(begun)).toBe(id);
    expect(begun.provider.canSignIn(leaver)).toBe(true);
  });

  test('A3: DELETE is said to deactivate, an account that stays is no failure, and it is reactivated, not created again', async () => {
    const begun = await begin('delete');
    const id = idOf(begun);
    begun.tenant.control.unassign({ principal: leaver });
    begun.provider.clearRequests();
    const left = await cycle(operator);
    expect(left.result).toBe('succeeded');
    expect(await operations(left.id)).toEqual([
      expect.stringMatching(/^delete exported: this provider only deactivates the account; /),
    ]);
    expect(writesOf(begun)).toEqual(['DELETE']);
    expect(begun.provider.accounts.find(leaver)).toMatchObject({ id, active: false });
    expect(await cycle(operator)).toMatchObject({ total: 0 });
    begun.tenant.control.assign({ principal: leaver });
    begun.provider.clearRequests();
    const back = await cycle(operator);
    expect(await operations(back.id)).toEqual([expect.stringMatching(/^reactivate exported: /)]);
    expect(writesOf(begun)).toEqual([patchActive(true)]);
    expect(idOf(begun)).toBe(id);
  });
});
