import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { CycleKind } from '../../src/core/cycle.ts';
import type { DriftReport } from '../../src/core/drift.ts';
import type { CycleView } from '../../src/ports/operator.ts';
import type { SandboxProvider } from '../../src/sandbox/provider/provider.ts';
import { company, people, personName, userNames, writes } from './company.ts';
import { closed, headgate, platforms, startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const [ONE, TWO, THREE, FOUR, FIVE] = [1, 2, 3, 4, 5].map(personName);

/** Somebody with a browser and rights in the application: the same provider, past Headgate. */
function administrator({ provider }: World) {
  const send = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${provider.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${provider.token}`, 'content-type': 'application/scim+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  const patch = (path: string, ...operations: readonly object[]) =>
    send('PATCH', path, { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: operations });
  const idIn = (view: SandboxProvider['accounts'], name: string): string => {
    const id = view.find(name)?.['id'];
    if (typeof id !== 'string') throw new Error(`the application has no ${name}`);
    return id;
  };
  const user = (name = '') => `/Users/${idIn(provider.accounts, name)}`;
  const group = (name: string) => `/Groups/${idIn(provider.groups, name)}`;
  return {
    deactivate: (name?: string) => patch(user(name), { op: 'replace', path: 'active', value: false }),
    retitle: (name: string | undefined, value: string) =>
      patch(user(name), { op: 'replace', path: 'displayName', value }),
    remove: (name?: string) => send('DELETE', user(name)),
    takeOut: (name: string | undefined, from: string) =>
      patch(group(from), { op: 'remove', path: `members[value eq "${user(name).slice('/Users/'.length)}"]` }),
    putIn: (name: string | undefined, into: string) =>
      patch(group(into), { op: 'add', path: 'members', value: [{ value: user(name).slice('/Users/'.length) }] }),
    invite: (userName: string) =>
      send('POST', '/Users', { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName, active: true }),
  };
}

/** A provisioned company (five users, a group of three), and ways to run cycles and to see what was sent. */
async function provisioned(platform: 'embedded' | 'servers', drift?: 'report') {
  const made = await startWorld({
    platform,
    organisation: company({ users: 6, direct: [1, 5], groups: { Keepers: [1, 3] } }),
    ...(drift === undefined ? {} : { connection: { drift } }),
  });
  world = made;
  const operator = await made.open();
  const run = async (kind: CycleKind): Promise<CycleView> => {
    made.provider.clearRequests();
    const started = await operator.startCycle({ connection: 'acme', kind, requestedBy: 'test' });
    return closed(operator, started.id);
  };
  await run('initial');
  return { made, operator, run, by: administrator(made) };
}

function found({ findings }: DriftReport): readonly string[] {
  return findings.map(({ kind, name }) => `${kind} ${name}`).toSorted();
}

/** A bit of everything, done by hand. */
async function meddle(by: ReturnType<typeof administrator>): Promise<void> {
  await by.deactivate(ONE);
  await by.retitle(TWO, 'The Boss');
  await by.takeOut(THREE, 'Keepers');
  await by.putIn(FOUR, 'Keepers');
  await by.remove(FIVE);
  await by.invite('contractor@elsewhere.example');
}

const EVERYTHING = [
  `account-changed ${TWO}`,
  `account-deactivated ${ONE}`,
  `account-deleted ${FIVE}`,
  `member-added ${FOUR}`,
  `member-removed ${THREE}`,
  'unknown-account contractor@elsewhere.example',
];

async function reportOf(operator: OperatorClient): Promise<DriftReport> {
  return operator.drift('acme');
}

describe.each(platforms())('an audit on %s', (platform) => {
  test('finds nothing right after a full cycle, and sends nothing', async () => {
    const { made, operator, run } = await provisioned(platform);
    const audit = await run('audit');
    expect(audit).toMatchObject({ kind: 'audit', result: 'succeeded', total: 0 });
    expect(writes(made)).toEqual([]);
    expect(await reportOf(operator)).toMatchObject({ cycle: audit.id, findings: [], pending: 0, doubts: [] });
  });

  test('O4: reports what somebody changed by hand, sends nothing, and the next full cycle undoes it', async () => {
    const { made, operator, run, by } = await provisioned(platform);
    await meddle(by);
    await run('audit');
    expect(writes(made)).toEqual([]);
    const report = await reportOf(operator);
    expect(found(report)).toEqual(EVERYTHING);
    expect(await operator.explain('acme', ONE ?? '', new AbortController().signal)).toMatchObject({
      drift: { findings: [{ text: expect.stringMatching(/somebody deactivated/) }] },
    });
    expect(report.findings.find(({ kind }) => kind === 'account-deactivated')).toMatchObject({
      certain: true,
      text: `somebody deactivated ${ONE} in the application by hand: the user is entitled, but has no access`,
      next: 'the next full cycle will reactivate it',
    });
    expect((await run('initial')).result).toBe('succeeded');
    expect(userNames(made)).toEqual(['contractor@elsewhere.example', ...people(1, 5)]);
    await run('audit');
    expect(found(await reportOf(operator))).toEqual(['unknown-account contractor@elsewhere.example']);
  });

  test('tells a change of the directory from one made by hand', async () => {
    const { made, operator, run, by } = await provisioned(platform);
    made.tenant.control.updateUser(ONE ?? '', { displayName: 'Renamed In The Directory' });
    made.tenant.control.removeMember('Keepers', TWO ?? '');
    made.tenant.control.disableUser(FOUR ?? '');
    await by.retitle(FIVE, 'Renamed By Hand');
    await run('audit');
    const report = await reportOf(operator);
    expect(found(report)).toEqual([`account-changed ${FIVE}`]);
    expect(report.pending).toBe(3);
    expect(writes(made)).toEqual([]);
  });

  test('leaves an incremental cycle where it was: what the directory changed before it is still carried out', async () => {
    const { made, run } = await provisioned(platform);
    made.tenant.control.disableUser(FOUR ?? '');
    await run('audit');
    expect((await run('incremental')).planCounts?.operations).toMatchObject({ 'account.disable': 1 });
    expect(userNames(made)).toEqual([ONE, TWO, THREE, FIVE]);
  });

  test('half a read is no basis for a report: the audit is refused and the last report stands', async () => {
    const { made, operator, run, by } = await provisioned(platform);
    await run('audit');
    const before = await reportOf(operator);
    await by.deactivate(ONE);
    made.tenant.control.addFault({ path: '/groups/*/members/$count', effect: { kind: 'count-off', by: 3 } });
    const audit = await run('audit');
    expect(audit.result).toBe('refused');
    expect(audit.failure?.message).toMatch(/^incomplete-read: /);
    expect(await reportOf(operator)).toEqual(before);
  });

  test('a provider whose list cannot be trusted is audited object by object, with the doubt told', async () => {
    const { made, operator, run, by } = await provisioned(platform);
    await by.deactivate(ONE);
    made.provider.faults.set({ fault: 'lyingTotalResults', value: 3, method: 'GET' });
    await run('audit');
    const report = await reportOf(operator);
    expect(found(report)).toEqual([`account-deactivated ${ONE}`]);
    expect(report.doubts.join()).toContain('the list of accounts cannot be trusted');
  });

  test('O4: under the policy to report, full cycles leave what was done by hand and do what the directory asks', async () => {
    const { made, operator, run, by } = await provisioned(platform, 'report');
    await meddle(by);
    made.tenant.control.assign({ principal: personName(6) });
    const full = await run('initial');
    expect(full.planCounts?.operations).toEqual({ 'account.create': 1 });
    expect(writes(made)).toEqual(['POST /Users']);
    expect(full.notices.map(({ text }) => text).join()).toContain('and are left as they are; see: headgate drift show');
    expect(found(await reportOf(operator))).toEqual(EVERYTHING);
    made.tenant.control.updateUser(TWO ?? '', { jobTitle: 'Lock Keeper' });
    await run('initial');
    expect(made.provider.accounts.find(TWO ?? '')).toMatchObject({ title: 'Lock Keeper', displayName: 'Person 2' });
    expect(userNames(made, false)).toEqual([ONE]);
  });
});

describe('the commands', () => {
  test('start an audit and show what it found and what follows; before the first, they say how to make one', async () => {
    const { made, operator, by } = await provisioned('embedded');
    await operator.close();
    const run = (...argv: readonly string[]) => headgate([...argv, '--config', made.configFile], made.directory);
    const before = await run('drift', 'show');
    expect(before.code).toBe(1);
    expect(before.stderr).toContain('headgate cycle start -c acme --audit --wait');
    await by.deactivate(ONE);
    const audit = await run('cycle', 'start', '--audit', '--wait');
    expect(audit.code).toBe(0);
    expect(audit.stdout).toContain('an audit sends nothing; 1 operation would bring everything in line');
    expect(audit.stdout).toContain('1 difference was made by hand at the provider; see: headgate drift show -c acme');
    const shown = await run('drift', 'show');
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain('Connection acme: 1 change by hand, as of ');
    expect(shown.stdout).toContain(`somebody deactivated ${ONE} in the application by hand`);
    expect(shown.stdout).toContain('active: false instead of true\n      the next full cycle will reactivate it');
    const json: unknown = JSON.parse((await run('drift', 'show', '--json')).stdout);
    expect(json).toMatchObject({ connection: 'acme', counts: { 'account-deactivated': 1 }, policy: 'enforce' });
    expect((await run('cycle', 'start', '--audit', '--full')).code).toBe(64);
  });
});
