import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { MigrationReport } from '../../src/core/migration/report.ts';
import type { MigrationView } from '../../src/core/migration/view.ts';
import { guideCompany } from '../../src/sandbox/organisation/guide-company.ts';
import { company, memberCount, people, personName, userNames } from './company.ts';
import { clientOf } from './crash-round.ts';
import { startEntraWorld, type EntraWorld } from './entra-engine.ts';
import { accountsOf, assignedTo } from './migration-world.ts';
import { eventually, headgate } from './world.ts';

/*
 * Entra's own service provisions, by its own clock. Headgate is a daemon in a process of its own, and everything is asked of
 * it through the command line, as an administrator would.
 */
let world: EntraWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const TEST1 = 'info.test1@testcompany.example';
const TEST3 = 'info.test3@testcompany.example';

interface Opened {
  readonly at: EntraWorld;
  readonly before: ReadonlyMap<unknown, unknown>;
  /** Runs `headgate migration …`; fails with what it said when it ends with another code. */
  readonly run: (code: number, ...argv: readonly string[]) => Promise<string>;
  /** The migration once it stands still. */
  readonly still: () => Promise<MigrationView>;
  /** The same, with cycles of Entra's until then. */
  readonly cycles: () => Promise<MigrationView>;
  /** Says yes to what is shown at that gate. */
  readonly approve: (gate: string) => Promise<void>;
}

async function open(organisation = guideCompany(), everyMs?: number): Promise<Opened> {
  const at = await startEntraWorld(organisation, everyMs);
  world = at;
  const operator = await clientOf(at, await at.daemon());
  const run = async (expected: number, verb: string, ...argv: readonly string[]) => {
    const ran = await headgate(['migration', verb, 'acme', ...argv, '--config', at.configFile], at.directory);
    if (ran.code !== expected) throw new Error(`${verb} ended with ${ran.code}: ${ran.stdout}${ran.stderr}`);
    return ran.stdout;
  };
  const standing = async () => {
    const view = await operator.migrations.migrationStatus('acme');
    return view.status === 'running' ? undefined : view;
  };
  const still = () => eventually(standing);
  return {
    at,
    before: accountsOf(at),
    run: (code, ...argv) => run(code, argv[0] ?? '', ...argv.slice(1)),
    still,
    cycles: () =>
      eventually(async () => {
        await at.cycle();
        return standing();
      }),
    async approve(gate) {
      const view = await still();
      if (view.gate?.name !== gate) throw new Error(`not at the gate ${gate}: ${JSON.stringify(view, undefined, 1)}`);
      await run(0, 'approve', '--gate', gate, '--digest', view.gate.digest);
    },
  };
}

describe('a daemon beside Entra’s own service', () => {
  test('M2, M8: disable-scim from the plan to the report, and the job stands still in the end', async () => {
    const { at, before, run, still, approve } = await open();
    const plan = await run(0, 'plan', '--kind', 'disable-scim');
    expect(plan).toContain('/pause');
    expect(plan).toContain('Nothing stands in the way.');

    const waiting = await run(3, 'start', '--kind', 'disable-scim', '--wait');
    expect(waiting).toContain('Waits at the gate coverage');
    expect(assignedTo(at)).toEqual(['IT', TEST1, TEST3]);
    expect(at.provider.groups.find('IT')?.['members']).toHaveLength(2);

    await approve('coverage');
    expect(await run(3, 'status', '--watch')).toContain('Waits at the gate disable');
    expect(assignedTo(at)).toEqual([TEST1, TEST3]);
    expect(at.provider.groups.size).toBe(0);
    expect(accountsOf(at)).toEqual(before);
    expect(at.job.code()).toBe('Active');

    await approve('disable');
    expect(await still()).toMatchObject({ gate: { name: 'revocation' } });
    expect(at.job.code()).toBe('Paused');
    at.provider.revokeToken(at.provider.token ?? '');
    await approve('revocation');
    expect(await still()).toMatchObject({ status: 'ended', result: 'succeeded', frozen: false });
    expect(accountsOf(at)).toEqual(before);

    const report: MigrationReport = JSON.parse(await run(0, 'report', '--json', '--html', 'report.html'));
    expect(report).toMatchObject({
      engine: 'entra',
      passed: true,
      chain: { sound: true },
      accounts: { lost: [], added: [] },
      groups: { left: [] },
    });
    expect(report.accounts.after?.map(({ id }) => id)).toEqual(report.accounts.before.map(({ id }) => id));
    expect(report.approvals.map(({ gate }) => gate)).toEqual(['coverage', 'disable', 'revocation']);
    const sent = report.requests.map(({ request, outcome }) => `${request.to} ${request.method} ${outcome}`);
    // Both people assigned, the group emptied one person first, unassigned, and the job paused; the deletes are Entra's.
    expect(sent).toEqual([
      'directory POST done',
      'directory POST done',
      'provider PATCH done',
      'provider PATCH done',
      'directory DELETE done',
      'directory POST done',
    ]);
    const page = readFileSync(join(at.directory, 'report.html'), 'utf8');
    expect(page).toMatch(/Passed:.*unbroken/s);
    for (const { id } of report.accounts.before) expect(page).toContain(id);
    expect(page).toMatch(/<td>Engine<\/td><td>Entra/);
  });

  test('M6: a job that is paused by hand stops it, and started again it goes on to the same end', async () => {
    const { at, before, run, still, approve } = await open(
      company({ users: 6, groups: { Crew: [1, 3], Deck: [3, 5] }, direct: [6, 6] }),
    );
    await run(3, 'start', '--kind', 'remove-groups', '--groups', 'Crew', '--wait');
    await at.job.pause();
    await approve('coverage');
    const view = await still();
    expect(view.status).toBe('paused');
    expect(view.paused?.reason).toMatch(/does not run \(Paused\).*[Ss]tart it/);
    expect(assignedTo(at)).toContain('Crew');
    expect(memberCount(at, 'Crew')).toBe(3);

    await at.job.start();
    await run(0, 'resume');
    expect(await still()).toMatchObject({ result: 'succeeded' });
    expect(accountsOf(at)).toEqual(before);
    expect(assignedTo(at)).toEqual(['Deck', ...people(1, 3), personName(6)].toSorted());
    expect([memberCount(at, 'Crew'), memberCount(at, 'Deck')]).toEqual([undefined, 3]);
    expect(at.job.code()).toBe('Active');
    await at.cycle();
    expect(userNames(at)).toEqual(people(1, 6));
    // No operation of a cycle tells of it, so explain does.
    const explained = await headgate(['explain', personName(1), '--config', at.configFile], at.directory);
    expect(explained.stdout).toContain(`migration ${view.id} (remove-groups):`);
    expect(explained.stdout).toMatch(/assign person1@.* directly: done\n.* out of SCIM group Crew: done/);
  });

  test('M6: a restart that makes Entra forget an unassigned group stops it, and says what to do', async () => {
    const { at, before, run, cycles, approve } = await open(guideCompany(), 0);
    await run(0, 'start', '--kind', 'remove-groups', '--groups', 'IT');
    expect(await cycles()).toMatchObject({ gate: { name: 'coverage' } });
    await approve('coverage');
    await eventually(async () => (assignedTo(at).includes('IT') ? undefined : true));
    await at.job.restart('Full');
    const stopped = await cycles();
    expect(stopped.paused?.reason).toMatch(/did not delete SCIM group IT.*delete it at the provider/);

    const left = at.provider.groups.all().flatMap(({ id }) => (typeof id === 'string' ? [id] : []));
    for (const id of left) at.provider.change('DELETE', `/Groups/${id}`);
    await run(0, 'resume');
    expect(await cycles()).toMatchObject({ result: 'succeeded' });
    expect(accountsOf(at)).toEqual(before);
  });
});
