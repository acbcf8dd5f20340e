import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { company, memberCount, people, personName, userNames, writes } from './company.ts';
import { headgate, startWorld, type CommandOutcome, type Daemon, type World } from './world.ts';

/** The lines of a stream as parsed JSON. */
function jsonLines({ stdout }: CommandOutcome): readonly unknown[] {
  return stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

describe('the command line with a running daemon', () => {
  let world: World;
  let daemon: Daemon;
  const run = (...argv: readonly string[]) => headgate(argv, world.directory);

  beforeAll(async () => {
    world = await startWorld({
      organisation: company({ users: 40, groups: { Crew: [1, 12] }, direct: [10, 30] }),
      connection: { schedule: { full: '0 3 1 1 *' } },
    });
    daemon = await world.daemon();
  });
  afterAll(() => world.close());

  // One story, told in the order a person would live it.
  test('config check and doctor say that all is well', async () => {
    expect(await run('config', 'check')).toMatchObject({ code: 0 });
    const doctor = await run('doctor');
    expect(doctor).toMatchObject({ code: 0 });
    expect(doctor.stdout).not.toContain('FAIL');
    const checks: unknown = JSON.parse((await run('doctor', '--json')).stdout);
    expect(checks).toEqual(
      expect.arrayContaining([expect.objectContaining({ area: 'platform', name: 'database', ok: true })]),
    );
  });

  test('status before the first cycle', async () => {
    const status = await run('status');
    expect(status).toMatchObject({ code: 0 });
    expect(status.stdout).toMatch(/daemon \d/);
    expect(status.stdout).toMatch(/acme +idle/);
  });

  test('plan shows what would be done and why, and writes nothing; with --detailed-exitcode it ends with 2', async () => {
    const plan = await run('plan', '--detailed-exitcode');
    expect(plan.code).toBe(2);
    expect(plan.stdout).toMatch(/create account +person1@harbour.example +entitled through group Crew/);
    expect(plan.stdout).toContain('30 create account');
    expect(writes(world)).toEqual([]);
    const lines = jsonLines(await run('plan', '--json'));
    expect(lines[0]).toMatchObject({ type: 'version', schema: expect.stringMatching(/^1\./) });
    expect(lines.at(-1)).toMatchObject({
      type: 'plan',
      plan: { version: 1, connection: 'acme' },
      verdict: { refused: false },
    });
  });

  test('apply refuses an edited plan and a stale one with 3, and carries out exactly the reviewed one', async () => {
    const file = join(world.directory, 'plan.json');
    expect(await run('plan', '--out', file)).toMatchObject({ code: 0 });
    const text = readFileSync(file, 'utf8');
    const edited = join(world.directory, 'edited.json');
    writeFileSync(edited, text.replace('person7@harbour.example', 'intruder@harbour.example'));
    const refused = await run('apply', edited);
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toMatch(/was changed after it was made[^]*what to do: plan again/);
    world.tenant.control.updateUser(personName(5), { jobTitle: 'Pilot' });
    const stale = await run('apply', file);
    expect(stale.code).toBe(3);
    expect(stale.stdout).toMatch(/plan-stale[^]*plan again, look at what changed/);
    expect(writes(world)).toEqual([]);
    const fresh = join(world.directory, 'fresh.json');
    await run('plan', '--out', fresh);
    const digest = /"digest":"([0-9a-f]{64})"/.exec(readFileSync(fresh, 'utf8'))?.[1];
    const applied = await run('apply', fresh);
    expect(applied).toMatchObject({ code: 0 });
    expect(applied.stdout).toMatch(/succeeded/);
    expect(applied.stdout).toContain(`plan digest ${digest}`);
    expect(userNames(world)).toEqual(people(1, 30));
    expect(memberCount(world, 'Crew')).toBe(12);
    const again = await run('apply', fresh);
    expect(again.code).toBe(3);
    expect(again.stdout).toMatch(
      /plan-stale: of plan [0-9a-f]{12} nothing is left to do; if it was carried out before/,
    );
  });

  test('a plan without changes ends with 0 even when asked in detail', async () => {
    const plan = await run('plan', '--detailed-exitcode');
    expect(plan).toMatchObject({ code: 0 });
    expect(plan.stdout).toContain('Nothing to do');
  });

  test('cycle start --wait ends with 0 for a success and shows it; list and show know it', async () => {
    world.tenant.control.assign({ principal: personName(31) });
    const done = await run('cycle', 'start', '--full', '--wait');
    expect(done).toMatchObject({ code: 0 });
    expect(done.stdout).toMatch(/full cycle of acme, succeeded/);
    const id = /Cycle ([\w-]{36})/.exec(done.stdout)?.[1] ?? '';
    expect((await run('cycle', 'list')).stdout).toContain(id);
    const shown = await run('cycle', 'show', id, '--operations');
    expect(shown.stdout).toMatch(/create account +person31@harbour.example +entitled directly +done/);
    const json: unknown = JSON.parse((await run('cycle', 'show', id, '--json')).stdout);
    expect(json).toMatchObject({ id, result: 'succeeded', phase: 'closed' });
  });

  test('cycle start --wait ends with 4 where an object failed, and the command it names shows which and why', async () => {
    world.tenant.control.assign({ principal: personName(32) });
    world.provider.faults.set({ fault: 'failBefore', value: 400, method: 'POST' });
    const failed = await run('cycle', 'start', '--full', '--wait');
    world.provider.faults.clear();
    expect(failed.code).toBe(4);
    const [, named] = /see which failed: headgate (.*)/.exec(failed.stdout) ?? [];
    const shown = await run(...(named ?? '').split(' '));
    expect(shown.stdout).toMatch(
      /create account +person32@harbour.example .* failed: acme: POST \/Users was answered 400/,
    );
    expect((await run('escrow', 'list')).stdout).toMatch(/person32@harbour.example +create account .* 1 +in .*400/);
    expect((await run('escrow', 'show', personName(32))).stdout).toMatch(
      /failed +1 time[^]*answer .*status 400[^]*request +POST \/Users: .*userName/,
    );
    expect(await run('escrow', 'drop', personName(32))).toMatchObject({ code: 64 });
    expect(await run('escrow', 'show', 'nobody@harbour.example')).toMatchObject({ code: 1 });
    expect(await run('escrow', 'drop', personName(32), '--reason', 'mended')).toMatchObject({ code: 0 });
    expect(await run('cycle', 'start', '--full', '--wait')).toMatchObject({ code: 0 });
  });

  test('cycle start --wait ends with 3 where a guard refuses or holds, and says so', async () => {
    world.tenant.control.unassign({ principal: 'Crew' });
    const held = await run('cycle', 'start', '--full', '--wait');
    expect(held.code).toBe(3);
    expect(held.stdout).toMatch(/guard too-many-removals: 9 accounts to disable in one cycle/);
    expect((await run('status')).stdout).toMatch(/acme .* held .* 10 +0$/m);
    world.tenant.control.assign({ principal: 'Crew' });
    world.tenant.control.addFault({ path: '/groups/*/members/$count', effect: { kind: 'count-off', by: 1 } });
    const refused = await run('cycle', 'start', '--full', '--wait');
    world.tenant.control.clearFaults();
    expect(refused.code).toBe(3);
    expect(refused.stdout).toMatch(/refused[^]*why: incomplete-read/);
    expect(userNames(world, false)).toEqual([]);
  });

  test('cycle start --wait ends with 1 where the directory refuses, naming what is missing', async () => {
    const [application] = world.tenant.applications();
    if (application === undefined) throw new Error('the sandbox has no app registration');
    world.tenant.control.registerApplication({ ...application, permissions: ['Application.Read.All'] });
    world.tenant.control.revokeTokens();
    const failed = await run('cycle', 'start', '--full', '--wait');
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/failed[^]*why: Microsoft Graph refused reading groups[^]*GroupMember.Read.All/);
    const plan = await run('plan');
    expect(plan).toMatchObject({ code: 1, stdout: '' });
    expect(plan.stderr).toMatch(/what to do: Grant application .* GroupMember.Read.All/);
    const doctor = await run('doctor');
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/FAIL .*reading groups[^]*GroupMember\.Read\.All/);
    world.tenant.control.registerApplication(application);
    world.tenant.control.revokeTokens();
    expect(await run('doctor')).toMatchObject({ code: 0 });
  });

  test('a refused token: the cycle ends with 1, the next is refused with 3, and quarantine release goes on', async () => {
    world.provider.faults.set({ fault: 'expiredToken' });
    const failed = await run('cycle', 'start', '--full', '--wait');
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/install a new one/);
    expect((await run('status')).stdout).toMatch(
      /acme is in quarantine [^]*401[^]*headgate quarantine release -c acme/,
    );
    const next = await run('cycle', 'start', '--full');
    expect(next.code).toBe(3);
    expect(next.stderr).toMatch(/connection acme is in quarantine[^]*headgate quarantine release -c acme/);
    world.provider.faults.clear();
    const shown = await run('quarantine', 'show');
    expect(shown.stdout).toMatch(/credential-refused[^]*GET \/Users[^]*install a new one[^]*probe at/);
    const release = await run('quarantine', 'release', '--reason', 'new token');
    expect(release).toMatchObject({ code: 0, stderr: expect.stringContaining('goes on') });
    expect((await run('quarantine', 'show')).stdout).toMatch(/quarantine-release +acme +new token/);
    expect(await run('cycle', 'start', '--full', '--wait')).toMatchObject({ code: 0 });
  });

  test('explain says why somebody has access, and why not', async () => {
    const has = await run('explain', personName(11));
    expect(has).toMatchObject({ code: 0 });
    expect(has.stdout).toMatch(/entitled through group Crew and directly|entitled directly and through group Crew/);
    const lacks = await run('explain', personName(40));
    expect(lacks.stdout).toMatch(/not entitled: neither assigned directly nor a direct member/);
    const nobody = await run('explain', 'nobody@harbour.example');
    expect(nobody.stdout + nobody.stderr).toContain('the directory has no user "nobody@harbour.example"');
  });

  test('schedules can be paused and resumed', async () => {
    const list = async () => (await run('schedule', 'list')).stdout;
    expect(await run('schedule', 'pause')).toMatchObject({ code: 0 });
    expect(await list()).toMatch(/acme +full +0 3 1 1 \* .*paused/);
    expect(await run('schedule', 'resume')).toMatchObject({ code: 0 });
    expect(await list()).toMatch(/acme +full +0 3 1 1 \* .*active/);
  });

  test('what is not there is told with what is', async () => {
    const unknown = await run('plan', '-c', 'acne');
    expect(unknown).toMatchObject({ code: 64, stderr: expect.stringMatching(/no connection is named "acne".*acme/) });
    const cycle = await run('cycle', 'show', '00000000-0000-4000-8000-000000000000');
    expect(cycle).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no cycle') });
  });

  test('the daemon ran through all of it', () => {
    expect(daemon.child.exitCode).toBeNull();
    expect(daemon.output()).not.toContain('unexpected');
  });
});
