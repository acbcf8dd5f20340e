import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { inProcessTransport } from '../../src/cli/in-process.ts';
import type { JournalEntry, JournalLine } from '../../src/core/migration/journal.ts';
import { stepsOf } from '../../src/core/migration/migration.ts';
import { reportOf } from '../../src/core/migration/report.ts';
import type { Survey } from '../../src/core/migration/survey.ts';
import { viewOf } from '../../src/core/migration/view.ts';
import { whatIfUnassigned } from '../../src/core/whatif.ts';
import { createHttpApp } from '../../src/http/server.ts';
import type { MigrationOperator, MigrationPlan } from '../../src/ports/migration-operator.ts';
import { aSnapshot, assignGroup, assignUser, aUser, theRules } from '../builders.ts';
import { aSurvey, done, journal, NOW, started } from '../core/migration/builders.ts';
import { httpOptions, noMigrations } from '../http/builders.ts';
import { API_TOKEN, configFor } from './api-server.ts';
import { run, testIo, testParts } from './builders.ts';

const survey = aSurvey();
const atGate = journal(
  started(),
  { kind: 'surveyed', purpose: 'start', survey },
  ...done('survey', 'assign-directly'),
  { kind: 'surveyed', purpose: 'coverage', survey },
);
const shown = viewOf('m1', atGate, NOW);
const START = ['migration', 'start', 'acme', '--kind', 'remove-groups', '--groups', 'IT', '--wait'];

let folder: string | undefined;
afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

/** Runs commands against the API as it is served, on migrations that answer as given. */
function headgate(migrations: Partial<MigrationOperator>, io = testIo()) {
  // Port 1 (tcpmux) is listened on by nobody.
  const at = configFor(1);
  folder = at.folder;
  const options = { migrations: { ...noMigrations(), ...migrations }, apiToken: { read: async () => API_TOKEN } };
  const parts = testParts({
    openInProcess: async () =>
      inProcessTransport(createHttpApp(httpOptions(options)), async () => undefined, API_TOKEN),
  });
  return (...argv: string[]) => run([...argv, '--config', at.configFile], io, parts);
}

describe('headgate migration', () => {
  test('status shows the gate it waits at and how to approve exactly what is shown', async () => {
    const ran = await headgate({ migrationStatus: async () => shown })('migration', 'status', 'acme');
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('Waits at the gate coverage');
    expect(ran.out).toContain(`headgate migration approve acme --gate coverage --digest ${survey.digest}`);
  });

  test('status after an abort shows the way back first, and none where nothing was looked at yet', async () => {
    const abort = { kind: 'ended', result: 'aborted', by: 'headgate', text: 'ann is gone', frozen: true } as const;
    const aborted = viewOf('m1', journal(...atGate.map(({ entry }) => entry), abort), NOW);
    const ran = await headgate({ migrationStatus: async () => aborted })('migration', 'status', 'acme');
    expect(ran.out).toMatch(/headgate migration rollback acme\n.*frozen.*headgate connection resume -c acme/);
    const early = viewOf('m1', journal(started(), abort), NOW);
    const other = await headgate({ migrationStatus: async () => early })('migration', 'status', 'acme');
    expect(other.out).toContain('headgate connection resume');
    expect(other.out).not.toContain('rollback');
  });

  test('looking on where no daemon runs carries nothing on, and says so', async () => {
    const running = viewOf('m1', journal(started(), { kind: 'surveyed', purpose: 'start', survey }), NOW);
    let asked = 0;
    const migrationStatus = async () => {
      asked += 1;
      return running;
    };
    const ran = await headgate({ migrationStatus })('migration', 'status', 'acme', '--watch');
    expect(ran).toMatchObject({ code: 0, err: expect.stringContaining('goes on once "headgate serve" runs') });
    expect(asked).toBe(1);
  });

  describe('plan', () => {
    const send = (step: string, method: string, count: number): MigrationPlan['requests'] =>
      Array.from({ length: count }, (_, index) => ({
        step,
        what: `${step} ${index}`,
        request: { to: 'directory', method, path: `/${index}` },
      }));
    const requests = [...send('assign-directly', 'POST', 46), ...send('unassign-groups', 'DELETE', 2)];
    const whatIf = { groups: [], unassigned: [], loses: [], keeps: [] };
    const planMigration = async () => ({ survey, obstacles: [], whatIf, requests });
    const plan = (...more: string[]) =>
      headgate({ planMigration })('migration', 'plan', 'acme', '--kind', 'remove-groups', ...more);

    test('shows of many requests all that take something away, in their place, and how many of each there are', async () => {
      const { out } = await plan('--groups', 'IT');
      expect(out).toContain('48 requests, in this order: 46 assign-directly (POST), 2 unassign-groups (DELETE).');
      expect(out.match(/^(assign-directly|unassign-groups) /gm)).toHaveLength(40);
      expect(out).toMatch(
        /assign-directly 37 .*\nunassign-groups .*\nunassign-groups .*\n… and 8 more direct assignments;/,
      );
      expect((await plan('--groups', 'IT', '--all')).out).toMatch(/assign-directly 45 .*\nunassign-groups /);
    });

    test('names who would lose access without it, and who keeps it only where all is shown', async () => {
      const directory = aSnapshot({
        users: [aUser('ann'), aUser('ben')],
        groups: { it: { name: 'IT', users: ['ann', 'ben'] } },
        assignments: [assignGroup('it'), assignUser('ben')],
      });
      const planned = { survey, obstacles: [], whatIf: whatIfUnassigned(directory, theRules(), ['it']), requests };
      const ask = headgate({ planMigration: async () => planned });
      const of = ['migration', 'plan', 'acme', '--kind', 'remove-groups', '--groups', 'IT'];
      const { out } = await ask(...of);
      expect(out).toMatch(/loses access +ann[^]*\n1 would lose access, 1 would keep it\.\nWho keeps it, .*: --all\.\n/);
      expect(out).not.toContain('ben@');
      expect((await ask(...of, '--all')).out).toMatch(/keeps access +ben@contoso\.com +directly\n1 would lose/);
    });

    test('names the command that comes next, with what was asked, as a shell takes it', async () => {
      const { out } = await plan('--groups', 'IT', "All o' us", '--accept', 'user-disabled', '--two-people');
      const words = "--kind remove-groups --groups IT 'All o'\\'' us' --accept user-disabled --two-people";
      expect(out).toContain(`Nothing stands in the way.\nNext, on a copy: headgate migration rehearse acme ${words}\n`);
      expect((await plan('--groups', 'IT', '--approval-hours', '2')).out).toMatch(/--groups IT --approval-hours 2\n$/);
    });
  });

  test('before the survey it says that one is made and how to watch it, and no numbers nobody knows', async () => {
    const early = viewOf('m1', journal(started()), NOW);
    const ran = await headgate({ migrationStatus: async () => early })('migration', 'status', 'acme');
    expect(ran.out).toContain(
      '1 group, not surveyed yet; a survey is made first, to watch: headgate migration status acme --watch\n',
    );
    expect(ran.out).not.toMatch(/groups: |0 users|0 active/);
  });

  test("status shows what is seen of Entra's own job where that is the engine", async () => {
    const job = { id: 'scim.1', code: 'Active' };
    const waiting = journal(
      started('remove-groups', {}, 'entra'),
      { kind: 'surveyed', purpose: 'start', survey },
      ...done('survey', 'assign-directly'),
      { kind: 'begun', step: 'assignments-cycle' },
      { kind: 'native-job', step: 'assignments-cycle', job },
    );
    const view = viewOf('m1', waiting, NOW);
    const ran = await headgate({ migrationStatus: async () => view })('migration', 'status', 'acme');
    expect(ran.out).toContain("remove-groups with Entra's engine, running");
    expect(ran.out).toContain("Entra's job: Active, no whole cycle yet");
    expect(ran.out).toContain("waits for a whole cycle of Entra's provisioning, since");
  });

  test('while it is watched it says how far the step is, not which one alone', async () => {
    const change = { kind: 'assign', application: 'sp', principal: 'ann', roleId: 'r' } as const;
    const request = { to: 'directory', method: 'POST', path: '/' } as const;
    const entries: readonly JournalEntry[] = [
      started(),
      { kind: 'surveyed', purpose: 'start', survey },
      ...done('survey'),
      { kind: 'calling', step: 'assign-directly', calls: [{ key: 'a', what: '', request, change }] },
      { kind: 'called', step: 'assign-directly', outcomes: [{ key: 'a', state: 'done' }] },
    ];
    const views = [journal(...entries), journal(...entries, { kind: 'paused', by: 'ada', reason: 'lunch' })];
    const migrationStatus = async () => viewOf('m1', views.shift() ?? atGate, NOW);
    const ran = await headgate({ startMigration: migrationStatus, migrationStatus })(...START);
    expect(ran.err).toContain('step 2 of 8: assign-directly: 1 of 1 request done; 1 of 1 direct assignment made');
  });

  test("status says at the last gate that Entra's own job may hold a token, too", async () => {
    const steps = stepsOf('disable-scim', 'forward', 'entra');
    const waiting = journal(
      started('disable-scim', {}, 'entra'),
      { kind: 'surveyed', purpose: 'start', survey },
      ...done(...steps.slice(0, steps.indexOf('revoke-token'))),
    );
    const view = viewOf('m1', waiting, NOW);
    const ran = await headgate({ migrationStatus: async () => view })('migration', 'status', 'acme');
    expect(ran.out).toMatch(/gate revocation .*revoke the token.*and the one entered in Entra's provisioning/);
  });

  test('approve without a digest shows what there is to approve, and approves nothing', async () => {
    const said: unknown[] = [];
    const ask = headgate({
      migrationStatus: async () => shown,
      approveMigration: async (approval) => {
        said.push(approval);
        return shown;
      },
    });
    expect(await ask('migration', 'approve', 'acme', '--gate', 'coverage')).toMatchObject({ code: 64 });
    expect(said).toEqual([]);
    await ask('migration', 'approve', 'acme', '--gate', 'coverage', '--digest', survey.digest);
    expect(said).toEqual([expect.objectContaining({ gate: 'coverage', digest: survey.digest })]);
  });

  test('approve takes the beginning of a digest, and says what is wrong with less', async () => {
    const said: unknown[] = [];
    const ask = headgate({
      migrationStatus: async () => shown,
      approveMigration: async ({ digest }) => {
        said.push(digest);
        return shown;
      },
    });
    const approve = ['migration', 'approve', 'acme', '--gate', 'coverage', '--digest'];
    expect((await ask(...approve, survey.digest.slice(0, 12))).code).toBe(0);
    expect(said).toEqual([survey.digest.slice(0, 12)]);
    for (const wrong of [survey.digest.slice(0, 11), 'not-a-digest', '']) {
      const ran = await ask(...approve, wrong);
      expect(ran.code).toBe(64);
      expect(ran.err).toContain('Copy at least its first 12 digits');
    }
    expect(said).toHaveLength(1);
  });

  test('a name cannot write to the terminal what it likes while a migration is watched', async () => {
    const entry: JournalEntry = { kind: 'paused', by: 'headgate', reason: 'group Tok\u202eyo \u001b[31mred' };
    const paused = viewOf('m1', journal(...atGate.map((line) => line.entry), entry), NOW);
    const ran = await headgate({ migrationStatus: async () => paused })('migration', 'status', 'acme', '--watch');
    expect(ran.err).toContain('Tok\ufffdyo \ufffd[31mred');
    expect(ran.err).not.toContain('\u202e');
  });

  test('start --wait ends at a gate with a code of its own, and says which command goes on', async () => {
    const ask = headgate({ startMigration: async () => shown });
    const ran = await ask(...START);
    expect(ran.code).toBe(3);
    expect(ran.out).toContain('headgate migration approve acme --gate coverage --digest');
  });

  test.each<readonly [string, readonly JournalEntry[], string]>([
    ['on its way', [], 'resume acme, or abort, or rollback'],
    ['on its way back', [{ kind: 'rollback', by: 'ada' }], 'resume acme, or abort'],
    ['once SCIM is off', [{ kind: 'begun', step: 'disable-connection' }], 'resume acme'],
  ])('status of a paused one %s names what may be asked of it, and nothing else', async (_when, entries, ways) => {
    const lines = journal(started('disable-scim'), { kind: 'surveyed', purpose: 'start', survey }, ...entries, {
      kind: 'paused',
      by: 'headgate',
      reason: 'look',
    });
    const view = viewOf('m1', lines, NOW);
    const ran = await headgate({ migrationStatus: async () => view })('migration', 'status', 'acme');
    expect(ran.out).toMatch(new RegExp(`then: headgate migration ${ways}$`, 'm'));
  });

  test.each<readonly [string, JournalEntry]>([
    ['a person', { kind: 'paused', by: 'ada', reason: 'lunch' }],
    ['a refusal', { kind: 'paused', by: 'headgate', reason: 'the provider refused 1 operation' }],
  ])('start --wait ends at a pause by %s as at a gate, with the reason', async (_by, pause) => {
    const paused = viewOf('m1', journal(...atGate.map(({ entry }) => entry), pause), NOW);
    const ran = await headgate({ startMigration: async () => paused })(...START);
    expect(ran).toMatchObject({ code: 3, out: expect.stringContaining(paused.paused?.reason ?? 'paused') });
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('start --wait ends with the code of %s, and says that the migration goes on', async (signal, code) => {
    const io = testIo();
    const running = viewOf('m1', journal(started(), { kind: 'surveyed', purpose: 'start', survey }), NOW);
    const startMigration = async () => {
      io.interrupt(signal);
      return running;
    };
    const ran = await headgate({ startMigration }, io)(...START);
    expect(ran).toMatchObject({ code, err: expect.stringContaining('goes on') });
  });

  test('report at a gate says that it is not finished, in text and on the page', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'headgate-report-'));
    const file = join(directory, 'report.html');
    const ask = headgate({ migrationReport: async () => reportOf('m1', atGate) });
    const ran = await ask('migration', 'report', 'acme', '--html', file);
    expect(ran).toMatchObject({ code: 3, out: expect.stringMatching(/^not finished yet; .*migration status acme/) });
    expect(readFileSync(file, 'utf8')).toContain('Not finished yet');
    rmSync(directory, { recursive: true });
  });

  describe('the exit code says what it came to', () => {
    const entries = atGate.map(({ entry }) => entry);
    const [{ accounts }, ended] = [survey, { kind: 'ended', by: 'ada', text: 'over', frozen: false }] as const;
    const end = (found: Survey): JournalEntry => ({ kind: 'surveyed', purpose: 'end', survey: found });
    const back = (found: Survey) =>
      journal(...entries, { kind: 'rollback', by: 'ada' }, end(found), { ...ended, result: 'rolled-back' });
    const verified = { kind: 'verified', accounts, groupsLeft: [], waiting: 0, digest: 'd' } as const;
    const ENDS: readonly (readonly [how: string, lines: readonly JournalLine[], code: number])[] = [
      ['passed', journal(...entries, verified, { ...ended, result: 'succeeded' }), 0],
      ['aborted', journal(...entries, end(survey), { ...ended, result: 'aborted', lost: accounts.slice(0, 1) }), 1],
      ['rolled back', back(survey), 0],
      ['rolled back, and somebody is not active any more', back({ ...survey, accounts: accounts.slice(1) }), 1],
      ['succeeded without having been looked at', journal(...entries, { ...ended, result: 'succeeded' }), 1],
    ];

    test.each(ENDS)('report: %s', async (_how, lines, code) => {
      const ask = headgate({ migrationReport: async () => reportOf('m1', lines) });
      expect(await ask('migration', 'report', 'acme')).toMatchObject({ code });
    });

    test('status of one that was rolled back does not say that it still is', async () => {
      const view = viewOf('m1', back(survey), NOW);
      const ran = await headgate({ migrationStatus: async () => view })('migration', 'status', 'acme');
      expect(ran.out).toMatch(/^Migration of acme: [\w-]+, rollback ended, /);
      const under = viewOf('m1', journal(...entries, { kind: 'rollback', by: 'ada' }), NOW);
      const meanwhile = await headgate({ migrationStatus: async () => under })('migration', 'status', 'acme');
      expect(meanwhile.out).toMatch(/^Migration of acme: [\w-]+, rolling back, 0 of /);
    });

    test('report names who was lost, and the command that says how to go on', async () => {
      const [, aborted] = ENDS[1] ?? [];
      const ask = headgate({ migrationReport: async () => reportOf('m1', aborted ?? []) });
      const ran = await ask('migration', 'report', 'acme');
      expect(ran.out).toMatch(/^not passed; how to go on: headgate migration status acme$/m);
      expect(ran.out).toMatch(new RegExp(`^lost: ${accounts[0]?.label ?? '?'} .*--html`, 'm'));
    });

    test.each(ENDS)('status --watch: %s', async (_how, lines, code) => {
      const ask = headgate({
        migrationStatus: async () => viewOf('m1', lines, NOW),
        migrationReport: async () => reportOf('m1', lines),
      });
      const ran = await ask('migration', 'status', 'acme', '--watch');
      expect(ran).toMatchObject({ code });
      expect(ran.err.includes('headgate migration report acme')).toBe(code !== 0);
    });
  });

  test.each([
    ['its first line', atGate.slice(1)],
    ['every line', []],
  ])('a journal without %s is told to be broken, by what is read of it', async (_what, lines) => {
    const ask = headgate({
      migrationReport: async () => reportOf('m1', lines),
      migrationStatus: async () => viewOf('m1', lines, NOW),
    });
    for (const verb of ['report', 'status']) {
      const ran = await ask('migration', verb, 'acme');
      expect(ran).toMatchObject({ code: 1, err: expect.stringMatching(/broken at line 1.*restore it from a backup/s) });
    }
  });

  test.each([
    ['an unknown kind', ['migration', 'start', 'acme', '--kind', 'everything']],
    ['no kind', ['migration', 'plan', 'acme']],
    ['an unknown gate', ['migration', 'approve', 'acme', '--gate', 'heaven']],
    [
      'a finding that cannot be accepted',
      ['migration', 'start', 'acme', '--kind', 'disable-scim', '--accept', 'removals-due'],
    ],
  ])('refuses %s before anything is asked', async (_name, argv) => {
    expect((await headgate({})(...argv)).code).toBe(64);
  });

  test('start hands over who asks, for which groups, and on what terms', async () => {
    const asked: unknown[] = [];
    const start: MigrationOperator['startMigration'] = async (request) => {
      asked.push(request);
      return shown;
    };
    const argv = [
      'migration',
      'start',
      'acme',
      '--kind',
      'remove-groups',
      '--groups',
      'IT',
      'Ops',
      '--two-people',
      '--approval-hours',
      '2',
    ];
    expect((await headgate({ startMigration: start })(...argv)).code).toBe(0);
    expect(asked).toEqual([
      expect.objectContaining({
        kind: 'remove-groups',
        groups: ['IT', 'Ops'],
        options: { accept: [], twoPeople: true, approvalMs: 7_200_000 },
        requestedBy: expect.stringMatching(/^cli:/),
      }),
    ]);
  });

  test('report writes one page nobody else can read, never over another file, and fails for a broken journal', async () => {
    const broken = atGate.map((line) => (line.sequence === 2 ? { ...line, at: 1 } : line));
    const directory = mkdtempSync(join(tmpdir(), 'headgate-report-'));
    const file = join(directory, 'report.html');
    const ask = headgate({ migrationReport: async () => reportOf('m1', broken) });
    const ran = await ask('migration', 'report', 'acme', '--html', file);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain('broken at line 2');
    expect(existsSync(file) && readFileSync(file, 'utf8')).toContain('broken at line 2');
    expect(statSync(file).mode & 0o077).toBe(0);
    expect((await ask('migration', 'report', 'acme', '--html', file)).err).toContain('cannot be written');
    rmSync(directory, { recursive: true });
  });
});

describe('headgate whatif', () => {
  test('says who would lose access and who keeps it, and through what', async () => {
    const directory = aSnapshot({
      users: [aUser('ann'), aUser('ben'), aUser('cid', { enabled: false })],
      groups: { it: { name: 'IT', users: ['ann', 'ben', 'cid'] } },
      assignments: [assignGroup('it'), assignUser('ben')],
    });
    const ask = headgate({ whatIf: async (_name, groups) => whatIfUnassigned(directory, theRules(), groups) });
    const ran = await ask('whatif', '--unassign-group', 'it', '-c', 'acme');
    expect(ran.out).toMatch(/loses access +ann@contoso\.com +now through group IT/);
    expect(ran.out).toMatch(/keeps access +ben@contoso\.com +directly/);
    expect(ran.out).toMatch(/may not sign in +cid@contoso\.com/);
    expect(ran.out).toContain('1 would lose access, 1 would keep it. 1 may not sign in and have no access to lose.');
  });

  test('tells whom it makes no difference to after all whom it does', async () => {
    const directory = aSnapshot({
      users: [aUser('ann', { enabled: false }), aUser('ben'), aUser('cid', { enabled: false }), aUser('dan')],
      groups: { it: { name: 'IT', users: ['ann', 'ben', 'cid', 'dan'] } },
      assignments: [assignGroup('it'), assignUser('cid'), assignUser('dan')],
    });
    const ask = headgate({ whatIf: async (_name, groups) => whatIfUnassigned(directory, theRules(), groups) });
    const { out } = await ask('whatif', '--unassign-group', 'it', '-c', 'acme');
    expect(out.match(/^.*@/gm)?.map((line) => line.replace(/ .* /, ' '))).toEqual([
      'loses ben@',
      'keeps dan@',
      'may ann@',
      'may cid@',
    ]);
  });

  test('says what could not be read completely, and ends with 3: more people may lose access than are named', async () => {
    const gaps = [{ what: 'members of group it', expected: 5, found: 0 }];
    const directory = aSnapshot({ groups: { it: { users: [] } }, assignments: [assignGroup('it')], gaps });
    const ask = headgate({ whatIf: async (_name, groups) => whatIfUnassigned(directory, theRules(), groups) });
    const ran = await ask('whatif', '--unassign-group', 'it', '-c', 'acme');
    expect(ran.code).toBe(3);
    expect(ran.out).toMatch(/0 would lose access.*\n.*not the whole truth.*members of group it.*More people may lose/);
  });

  test('names other connections of the application, where the answer may be another', async () => {
    const nobody = { groups: ['it'], unassigned: [], loses: [], keeps: [] };
    const ask = headgate({ whatIf: async () => ({ ...nobody, others: ['beta'] }) });
    const ran = await ask('whatif', '--unassign-group', 'it', '-c', 'acme');
    expect(ran.out).toMatch(/beta provisions from the same application.* -c beta/);
  });

  test('counts nobody among those who lose access whom a scoping filter leaves out', async () => {
    const directory = aSnapshot({
      users: [
        aUser('ann', { attributes: { department: 'IT' } }),
        aUser('ben', { attributes: { department: 'Sales' } }),
      ],
      groups: { it: { name: 'IT', users: ['ann', 'ben'] } },
      assignments: [assignGroup('it')],
    });
    const sales = { name: 'Sales', clauses: [{ attribute: 'department', is: 'equals' as const, value: 'Sales' }] };
    const rules = theRules({ scope: { groups: true, nestedGroups: 'direct', filters: [sales] } });
    const ask = headgate({ whatIf: async (_name, groups) => whatIfUnassigned(directory, rules, groups) });
    const ran = await ask('whatif', '--unassign-group', 'it', '-c', 'acme');
    expect(ran.out).toMatch(/filtered out +ann@contoso\.com/);
    expect(ran.out).toContain('1 would lose access, 0 would keep it. 1 left out by the scoping filters');
  });
});
