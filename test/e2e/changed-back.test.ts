import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { company, cycle, memberCount, people, personName, userNames } from './company.ts';
import { closed, eventually, startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const never = new AbortController().signal;

async function incremental(operator: OperatorClient) {
  const started = await operator.startCycle({ connection: 'acme', kind: 'incremental', requestedBy: 'test' });
  return closed(operator, started.id);
}

async function onDemand(operator: OperatorClient, idOrName: string) {
  const started = await operator.provision({ connection: 'acme', idOrName, requestedBy: 'test', signal: never });
  return closed(operator, started.id);
}

describe('an incremental cycle', () => {
  test('looks at whoever cycles on demand changed since, also when the directory is back where it was', async () => {
    const made = (world = await startWorld({
      organisation: company({ users: 30, groups: { Crew: [2, 4], Deck: [10, 13] }, direct: [5, 29] }),
      connection: { guards: { off: ['too-many-removals', 'non-empty-group-delete', 'group-cliff'] } },
    }));
    const subjects = [personName(5), 'Crew', 'Deck', personName(30)];
    const { control } = made.tenant;
    const operator = await made.open();
    await cycle(operator);
    control.unassign({ principal: personName(5) });
    control.unassign({ principal: 'Crew' });
    control.unassign({ principal: 'Deck' });
    control.assign({ principal: personName(30) });
    for (const subject of subjects) expect((await onDemand(operator, subject)).result).toBe('succeeded');
    // Asked once more: the newest cycle of each has nothing to do, and the one before it has.
    for (const subject of subjects) expect((await onDemand(operator, subject)).total).toBe(0);
    expect(userNames(made)).toEqual(people(6, 30));
    expect([memberCount(made, 'Crew'), memberCount(made, 'Deck')]).toEqual([undefined, undefined]);
    control.assign({ principal: personName(5) });
    control.assign({ principal: 'Crew' });
    control.assign({ principal: 'Deck' });
    control.unassign({ principal: personName(30) });
    expect(await incremental(operator)).toMatchObject({ kind: 'incremental', result: 'succeeded' });
    expect(userNames(made)).toEqual(people(2, 29));
    expect([memberCount(made, 'Crew'), memberCount(made, 'Deck')]).toEqual([3, 4]);
    expect((await incremental(operator)).total).toBe(0);
  });

  test('looks at whoever a cycle gave something that was cancelled after it', async () => {
    const made = (world = await startWorld({
      organisation: company({ users: 20, groups: { Crew: [1, 2] }, direct: [1, 19] }),
    }));
    const { control } = made.tenant;
    const operator = await made.open();
    await cycle(operator);
    made.provider.faults.set({ fault: 'throttle', method: 'PATCH', path: '^/Groups', value: 60 });
    control.assign({ principal: personName(20) });
    control.addMember('Crew', personName(5));
    const { id } = await operator.startCycle({ connection: 'acme', kind: 'incremental', requestedBy: 'test' });
    await eventually(async () => {
      const exported = await operator.operations(id, { limit: 1, states: ['exported'] });
      return exported.length > 0 ? true : undefined;
    });
    await operator.cancelCycle(id);
    expect((await closed(operator, id)).result).toBe('cancelled');
    expect(userNames(made)).toEqual(people(1, 20));
    made.provider.faults.clear();
    await operator.resumeConnection('acme');
    control.unassign({ principal: personName(20) });
    expect((await incremental(operator)).result).toBe('succeeded');
    expect(userNames(made)).toEqual(people(1, 19));
  });
});
