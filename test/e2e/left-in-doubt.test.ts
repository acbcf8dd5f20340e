import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { company, cycle, people, personName, userNames } from './company.ts';
import { closed, startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function opened() {
  const made = await startWorld({ organisation: company({ users: 20, direct: [1, 19] }) });
  world = made;
  const operator = await made.open();
  await cycle(operator);
  return { made, operator, control: made.tenant.control };
}

type Opened = Awaited<ReturnType<typeof opened>>;

async function incremental(operator: OperatorClient) {
  const started = await operator.startCycle({ connection: 'acme', kind: 'incremental', requestedBy: 'test' });
  return closed(operator, started.id);
}

/** Changes the directory, cancels the cycle while what that leads to is being sent, and loses the answer to it. */
async function loseAnswer({ made, operator }: Opened, method: string, change: () => void) {
  made.provider.faults.set({ fault: 'resetAfter', method, path: '^/Users', times: 1 });
  change();
  const started = operator.startCycle({ connection: 'acme', kind: 'incremental', requestedBy: 'test' });
  made.provider.observe({ beforeWrite: async () => void (await operator.cancelCycle((await started).id)) });
  const { id } = await started;
  expect((await closed(operator, id)).result).toBe('cancelled');
  made.provider.observe({});
  made.provider.faults.clear();
  const states = async () => (await operator.operations(id, { limit: 10 })).map(({ state }) => state);
  expect(await states()).toEqual(['in-doubt']);
  return states;
}

async function cancelledInDoubt(here: Opened, method: string) {
  const states = await loseAnswer(here, method, () => here.control.assign({ principal: personName(20) }));
  expect(userNames(here.made)).toEqual(people(1, 20));
  return states;
}

describe('what a cancelled cycle left in doubt', () => {
  test('is settled by reading before the next cycle plans, so that a created account can be taken away', async () => {
    const here = await opened();
    const states = await cancelledInDoubt(here, 'POST');
    here.control.unassign({ principal: personName(20) });
    expect(await incremental(here.operator)).toMatchObject({ kind: 'incremental', result: 'succeeded' });
    expect(await states()).toEqual(['exported']);
    expect(userNames(here.made)).toEqual(people(1, 19));
  });

  test('is settled so that an account that was made active again can be disabled again', async () => {
    const here = await opened();
    const { made, operator, control } = here;
    control.assign({ principal: personName(20) });
    await cycle(operator);
    control.unassign({ principal: personName(20) });
    await cycle(operator);
    expect(userNames(made)).toEqual(people(1, 19));
    await cancelledInDoubt(here, 'PATCH');
    control.unassign({ principal: personName(20) });
    expect((await cycle(operator)).result).toBe('succeeded');
    expect(userNames(made)).toEqual(people(1, 19));
  });

  test('is settled for nobody whose link was forgotten meanwhile: the link does not come back', async () => {
    const here = await opened();
    const { made, operator, control } = here;
    const states = await loseAnswer(here, 'PATCH', () => control.unassign({ principal: personName(19) }));
    for (const { id } of made.provider.accounts.all()) {
      if (typeof id === 'string') made.provider.change('DELETE', `/Users/${id}`);
    }
    const { signal } = new AbortController();
    const { digest, gone } = await operator.links.vanished('acme', signal);
    expect(gone).toHaveLength(19);
    const decision = { connection: 'acme', digest, by: 'ada', reason: 'built anew' };
    await operator.links.forgetVanished(decision, signal);
    expect(await states()).toEqual(['cancelled']);
    expect((await cycle(operator)).result).toBe('succeeded');
    expect(userNames(made)).toEqual(people(1, 18));
    const { links } = await operator.links.list('acme', { limit: 100 });
    expect(links.map(({ label }) => label)).not.toContain(personName(19));
    expect(links).toHaveLength(18);
  });
});
