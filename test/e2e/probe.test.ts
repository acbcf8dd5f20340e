import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createApiClient } from '../../src/cli/api-client.ts';
import { createOperatorClient } from '../../src/cli/operator-client.ts';
import { connectToDaemon } from '../../src/cli/transport.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Fact } from '../../src/core/experiment.ts';
import { company, people, userNames, writes } from './company.ts';
import { begin, closeGate } from './interruption.ts';
import { headgate, startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** A provisioned company: ten people and a group of three at a provider that keeps to the RFCs. */
async function provisioned(): Promise<World> {
  const made = await startWorld({
    organisation: company({ users: 10, direct: [1, 10], groups: { Crew: [1, 3] } }),
  });
  world = made;
  await made.fullCycle();
  made.provider.clearRequests();
  return made;
}

const everything = ({ provider }: World) => [provider.accounts.all(), provider.groups.all()];

async function probe(made: World, ...options: readonly string[]) {
  const { code, stdout, stderr } = await headgate(['probe', 'acme', ...options], made.directory);
  return { code, stdout, stderr };
}

const told = z.union([z.boolean(), z.string()]).optional();
const reportSchema = z.object({
  findings: z.array(z.object({ fact: z.string(), verdict: z.string(), declared: told, found: told })),
});

function foundIn(stdout: string, fact: Fact) {
  const { findings } = reportSchema.parse(JSON.parse(stdout));
  return findings.find((finding) => finding.fact === fact);
}

describe('headgate probe', () => {
  test('says what it would do, and sends nothing until it is told to', async () => {
    const made = await provisioned();
    const dry = await probe(made);
    expect([dry.code, made.provider.requests()]).toEqual([0, []]);
    expect(dry.stdout).toMatch(/headgate-probe-\?{6}@probe\.invalid/);
    expect(dry.stderr).toContain('--execute');
  });

  test('leaves a provider that keeps to the RFCs as it was, and finds nothing to correct', async () => {
    const made = await provisioned();
    const before = everything(made);
    const theirs = new Set(before.flat().map(({ id }) => id));
    const done = await probe(made, '--execute', '--detailed-exitcode');
    expect([done.code, done.stderr]).toEqual([0, '']);
    expect(done.stdout).toMatch(/ 0 differ, /);
    expect(done.stdout).toContain('Everything it made was removed.');
    expect(everything(made)).toEqual(before);
    const targets = made.provider.requests().filter(({ method }) => method !== 'GET');
    expect(targets.length).toBeGreaterThan(20);
    expect(targets.filter(({ resourceId }) => resourceId !== undefined && theirs.has(resourceId))).toEqual([]);
  });

  test.each([
    [{ behaviour: 'salesforce' }, 'delete.means', 'gone', 'suspended', 4],
    [{ behaviour: 'slack' }, 'filter.and', true, false, 4],
    [{ behaviour: 'aws-identity-center' }, 'group.membersReadable', 'full', 'by-user-filter', 2],
    [{ faults: [{ fault: 'groupDeleteCascades' }] }, 'group.deleteCascades', false, true, 2],
  ] as const)('tells what differs from the profile: %o', async (provider, fact, declared, found, exit) => {
    const made = await startWorld({ organisation: company({ users: 3, direct: [1, 3] }), provider });
    world = made;
    const done = await probe(made, '--execute', '--json', '--detailed-exitcode');
    expect(foundIn(done.stdout, fact)).toEqual({ fact, verdict: 'differs', declared, found });
    expect(done.code).toBe(exit);
  });

  test('interrupted in the middle it removes what it made', async () => {
    const made = await provisioned();
    const before = everything(made);
    const gate = closeGate(made, 12);
    const command = begin(made, 'probe', 'acme', '--execute');
    await gate.reached;
    command.child.kill('SIGINT');
    await command.says(/Stopping/);
    gate.open();
    expect(await command.ended).toBe(130);
    expect(command.said()).toMatch(/stopped before its end/);
    expect(everything(made)).toEqual(before);
  });

  test('a daemon that is stopped meanwhile removes what was made first', async () => {
    const made = await provisioned();
    const before = everything(made);
    const daemon = await made.daemon();
    const gate = closeGate(made, 12);
    const operator = createOperatorClient(createApiClient(await connectToDaemon(loadConfig(made.configFile, {}))));
    const request = { connection: 'acme', domain: 'probe.invalid', requestedBy: 'test' };
    const report = operator.experiments.run(request, new AbortController().signal);
    await gate.reached;
    await expect(operator.experiments.run(request, new AbortController().signal)).rejects.toMatchObject({
      code: 'probe-open',
    });
    daemon.child.kill('SIGTERM');
    gate.open();
    expect(await report).toMatchObject({ ended: 'stopped', left: [] });
    expect((await daemon.ended).code).toBe(0);
    expect(everything(made)).toEqual(before);
  });

  test('is refused while the connection is paused, and a cycle is open', async () => {
    const made = await provisioned();
    const operator = await made.open();
    await operator.pauseConnection('acme', 'maintenance', 'test');
    const run = () =>
      operator.experiments.run(
        { connection: 'acme', domain: 'probe.invalid', requestedBy: 'test' },
        new AbortController().signal,
      );
    await expect(run()).rejects.toMatchObject({ code: 'connection-paused' });
    expect((await operator.experiments.plan('acme', 'probe.invalid')).refused).toContain('maintenance');
    expect(writes(made)).toEqual([]);
    await operator.resumeConnection('acme');
    made.tenant.control.unassign({ principal: people(10, 10)[0] ?? '' });
    const gate = closeGate(made, 0);
    await operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' });
    await gate.reached;
    await expect(run()).rejects.toMatchObject({ code: 'cycle-open' });
    gate.open();
    expect(userNames(made).some((name) => name.startsWith('headgate-probe-'))).toBe(false);
  });
});
