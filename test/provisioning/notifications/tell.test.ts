import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase, type Database } from '../../../src/adapters/postgres/database.ts';
import { createStores } from '../../../src/adapters/postgres/stores.ts';
import { createVault } from '../../../src/adapters/vault/vault.ts';
import { sentenceOf } from '../../../src/core/notification-text.ts';
import type { CycleResult } from '../../../src/core/cycle.ts';
import { HEALTHY } from '../../../src/core/quarantine.ts';
import { TransientError } from '../../../src/core/errors.ts';
import type { Notification } from '../../../src/core/notification.ts';
import type { Operation } from '../../../src/core/operation.ts';
import type { Ports } from '../../../src/ports/index.ts';
import type { NotificationChannel } from '../../../src/ports/notifications.ts';
import { createPace } from '../../../src/provisioning/pace.ts';
import {
  deliverNotifications,
  nudgeChannels,
  openChannels,
} from '../../../src/provisioning/notifications/deliver-notifications.ts';
import { checkChannels, createNotificationDesk } from '../../../src/provisioning/notifications/notification-desk.ts';
import { watchConnections } from '../../../src/provisioning/notifications/watch-connections.ts';
import { aCredential } from '../../builders.ts';
import { ALLOWED, aPlan, aRemoval, holding } from '../../contract/plans.ts';
import { aHandClock } from '../../contract/stores.contract.ts';
import { silentLog } from '../../silent-log.ts';
import { aSurvey, done, started } from '../../core/migration/builders.ts';
import { aConnection, fakeDirectory, fakeProvider } from '../fakes.ts';

const DAY = 86_400_000;
const clock = aHandClock();
const signal = new AbortController().signal;
const nudged: string[] = [];
let directory: string;
let database: Database;
let ports: Ports;

/** A channel that keeps what it is given, one line a message; while `away` it fails. */
function aChannel(name: string, digestMs: number) {
  const messages: string[] = [];
  const state: { away: boolean; missed?: string } = { away: false };
  const channel: NotificationChannel = {
    name,
    digestMs,
    async deliver(notifications: readonly Notification[]) {
      if (state.away) throw new TransientError(`${name} is away`);
      messages.push(notifications.map(({ kind, facts }) => [kind, ...Object.values(facts)].join(' ')).join(', '));
      return state.missed;
    },
    close: async () => undefined,
  };
  return { channel, messages, state };
}

const mail = aChannel('mail', 600_000);
const hook = aChannel('ops', 0);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headgate-tell-'));
  database = await openDatabase({ url: `file:${directory}`, log: silentLog });
  const connection = aConnection(fakeDirectory({ assignments: [] }), fakeProvider({}));
  const unused = (): never => {
    throw new Error('not part of this test');
  };
  ports = {
    stores: createStores({ database, clock }),
    vault: createVault({}),
    channels: new Map([mail, hook].map(({ channel }) => [channel.name, channel])),
    queue: {
      enqueue: async (name, payload) => void nudged.push(`${name} ${JSON.stringify(payload)}`),
      setSchedules: unused,
      listSchedules: unused,
      counts: unused,
      ping: unused,
    },
    connections: new Map([['acme', connection]]),
    clock,
    get metrics() {
      return unused();
    },
    worker: { id: 'w1', leaseMs: 1000, sliceSize: 1, window: 1 },
    pace: createPace(1),
    migration: { settleMs: 0 },
    get gatherings() {
      return unused();
    },
  };
  await openChannels(ports);
});
afterAll(async () => {
  await database.close();
  await rm(directory, { recursive: true });
});

/** What the daemon does every few seconds. */
async function sweep(): Promise<void> {
  await watchConnections(ports, [30, 7]);
  nudged.length = 0;
  await nudgeChannels(ports);
  for (const name of ['mail', 'ops']) await deliverNotifications(ports, name, silentLog, signal);
}

// One story: each test begins where the one before it ended.
describe('telling people', () => {
  test('of a pause once, and of its end', async () => {
    await ports.stores.connections.pause('acme', 'the token was refused');
    await sweep();
    await sweep();
    expect(hook.messages).toEqual(['connection.paused']);
    await ports.stores.connections.resume('acme');
    await sweep();
    expect(hook.messages.slice(1)).toEqual(['connection.recovered']);
  });

  test('by mail at once, and then together, so that a bad day is not a hundred mails', async () => {
    expect(mail.messages).toEqual(['connection.paused']);
    await ports.stores.connections.pause('acme', 'again');
    await sweep();
    expect(mail.messages).toHaveLength(1);
    clock.advance(600_000);
    await sweep();
    expect(mail.messages.slice(1)).toEqual(['connection.recovered, connection.paused']);
    await ports.stores.connections.resume('acme');
  });

  test('that a token expires, once for each of the days', async () => {
    hook.messages.length = 0;
    const expiring = aCredential({ fingerprint: 'f1', expiresAt: clock.now() + 20 * DAY });
    await ports.stores.credentials.change([{ after: expiring, event: 'probed', by: 'test' }]);
    await sweep();
    clock.advance(DAY);
    await sweep();
    clock.advance(13 * DAY);
    await sweep();
    clock.advance(7 * DAY);
    await sweep();
    expect(hook.messages).toEqual([
      'connection.recovered',
      'token.expiring f1 30',
      'token.expiring f1 7',
      'token.expiring f1 0',
    ]);
  });

  test('of nobody by name, whatever was written as the reason of a pause or answered by a provider', async () => {
    clock.advance(600_000);
    await sweep();
    hook.messages.length = 0;
    mail.messages.length = 0;
    const { connections } = ports.stores;
    await connections.pause('acme', 'migration m1 was aborted: ann@contoso.com is not active any more');
    await sweep();
    await connections.resume('acme');
    await sweep();
    const cause = { code: 'Unauthorized', message: 'acme: "ann@contoso.com" was refused', status: 401 };
    const trouble = { reason: 'credential-refused', cause, beganAt: 0, probes: 0, nextProbeAt: clock.now() } as const;
    await connections.changeHealth('acme', () => ({ state: 'quarantined', ...trouble }));
    await sweep();
    clock.advance(600_000);
    await sweep();
    expect(hook.messages).toEqual([
      'connection.paused',
      'connection.recovered',
      'connection.quarantined credential-refused, status 401',
    ]);
    const { notifications } = ports.stores;
    const told = (await notifications.list(50)).map((one) => sentenceOf(one) + JSON.stringify(one));
    expect([...told, ...mail.messages].join('\n')).not.toContain('ann');
    await connections.changeHealth('acme', () => HEALTHY);
    await sweep();
    clock.advance(600_000);
    await sweep();
  });

  test('of everything that happened while a channel was away, in order, once it is back', async () => {
    hook.messages.length = 0;
    hook.state.away = true;
    await ports.stores.connections.pause('acme', 'down');
    await sweep();
    await ports.stores.connections.resume('acme');
    await sweep();
    expect(hook.messages).toEqual([]);
    const [, state] = await ports.stores.notifications.channels();
    expect(state).toMatchObject({ channel: 'ops', attempts: 1, failure: 'ops is away' });
    hook.state.away = false;
    clock.advance(5000);
    await sweep();
    expect(hook.messages).toEqual(['connection.paused', 'connection.recovered']);
  });

  test('of a gate a migration waits at, of a pause that needs a person, and of its end; of none that was over before anybody watched', async () => {
    clock.advance(600_000);
    await sweep();
    hook.messages.length = 0;
    const { migrations } = ports.stores;
    const survey = aSurvey();
    const end = { kind: 'ended', result: 'aborted', by: 'ada', text: 'ann lost it', frozen: false } as const;
    const unseen = await migrations.open('acme', [started()]);
    await migrations.append(unseen.id, [end]);
    clock.advance(DAY + 1);
    await sweep();
    const quick = await migrations.open('acme', [started()]);
    await migrations.append(quick.id, [end]);
    await sweep();
    await sweep();
    clock.advance(1);
    const before = { kind: 'surveyed', purpose: 'start', survey } as const;
    const { id } = await migrations.open('acme', [started(), before, ...done('survey', 'assign-directly')]);
    await migrations.append(id, [{ kind: 'surveyed', purpose: 'coverage', survey }]);
    await sweep();
    await sweep();
    await migrations.append(id, [
      { kind: 'approved', gate: 'coverage', digest: survey.digest, by: 'bob', expiresAt: clock.now() + DAY },
    ]);
    await sweep();
    await migrations.append(id, [{ kind: 'paused', by: 'headgate', reason: 'ann is about to lose it' }]);
    await sweep();
    await migrations.append(id, [end]);
    await sweep();
    await sweep();
    await migrations.append(id, [{ kind: 'rollback', by: 'ada' }]);
    await sweep();
    await migrations.append(id, [{ ...end, result: 'rolled-back' }]);
    await sweep();
    await sweep();
    expect(hook.messages).toEqual([
      'migration.ended remove-groups aborted',
      'migration.gate remove-groups coverage',
      'migration.paused remove-groups empty-groups',
      'migration.ended remove-groups aborted',
      'migration.ended remove-groups rolled-back',
    ]);
  });

  test('of a gate that closes again: because the yes was void, or because it ended before it was used', async () => {
    clock.advance(600_000);
    await sweep();
    hook.messages.length = 0;
    const { migrations } = ports.stores;
    const survey = aSurvey('disable-scim');
    const before = { kind: 'surveyed', purpose: 'start', survey } as const;
    const { id } = await migrations.open('acme', [
      started('disable-scim'),
      before,
      ...done('survey', 'assign-directly'),
    ]);
    await migrations.append(id, [{ kind: 'surveyed', purpose: 'coverage', survey }]);
    await sweep();
    const approve = (digest: string, ms: number) =>
      migrations.append(id, [{ kind: 'approved', gate: 'coverage', digest, by: 'bob', expiresAt: clock.now() + ms }]);
    for (const ms of [DAY, DAY]) {
      await approve(survey.digest, ms);
      await sweep();
      await migrations.append(id, [{ kind: 'withdrawn', gate: 'coverage', why: 'ann still has it' }]);
      await sweep();
      await sweep();
    }
    await approve(survey.digest, 1);
    await sweep();
    clock.advance(1);
    await sweep();
    await sweep();
    expect(hook.messages).toEqual([
      'migration.gate disable-scim coverage',
      'migration.gate disable-scim coverage withdrawn',
      'migration.gate disable-scim coverage withdrawn',
      'migration.gate disable-scim coverage expired',
    ]);
    const [newest] = await ports.stores.notifications.list(50);
    expect(newest === undefined ? '' : sentenceOf(newest)).toBe(
      'The gate coverage of the migration disable-scim of acme has closed again (expired): the yes given before counts no more. Look, and say yes again: headgate migration status acme',
    );
    await migrations.append(id, [{ kind: 'ended', result: 'aborted', by: 'ada', text: 'enough', frozen: false }]);
    await sweep();
  });

  test('of holds as whole plans have them: one subject provisioned on demand neither begins nor ends them', async () => {
    clock.advance(600_000);
    await sweep();
    hook.messages.length = 0;
    const { cycles } = ports.stores;
    const plan = async (kind: 'initial' | 'on-demand', held: readonly Operation[]) => {
      const { id } = await cycles.open({ connection: 'acme', kind, requestedBy: 'ada' });
      await cycles.leaseGathering(id, 'w1', 1000);
      const verdict = held.length === 0 ? ALLOWED : holding(...held);
      await cycles.savePlan(id, 'w1', { ...aPlan('acme', held), kind }, verdict);
      await cycles.close(id, held.length === 0 ? 'succeeded' : 'held');
      await sweep();
    };
    await plan('initial', [aRemoval(1, 'disable'), aRemoval(2, 'disable')]);
    await plan('on-demand', []);
    await plan('on-demand', [aRemoval(1, 'disable')]);
    expect(hook.messages).toEqual(['hold.waiting too-many-removals 2']);
    await plan('initial', []);
    expect(hook.messages.slice(1)).toEqual(['hold.lifted too-many-removals']);
  });

  test('of a hold again once its approval has expired, whatever else is held beside it', async () => {
    hook.messages.length = 0;
    const { cycles, holds } = ports.stores;
    const owned = aRemoval(3, 'disable');
    const removals = [aRemoval(1, 'disable'), aRemoval(2, 'disable')];
    const tokens = holding(owned).findings.map((finding) => ({ ...finding, guard: 'token-owner' as const }));
    const verdict = { refused: false, findings: [...holding(...removals).findings, ...tokens] };
    const { id } = await cycles.open({ connection: 'acme', kind: 'initial', requestedBy: 'ada' });
    await cycles.leaseGathering(id, 'w1', 1000);
    await cycles.savePlan(id, 'w1', { ...aPlan('acme', [...removals, owned]), kind: 'initial' }, verdict);
    await cycles.close(id, 'held');
    await sweep();
    const [amount] = (await holds.list({ connection: 'acme', ended: false, limit: 9 })).filter(
      ({ guard }) => guard === 'too-many-removals',
    );
    const until = clock.now() + DAY;
    await holds.decide(amount?.id ?? '', {
      kind: 'approved',
      by: 'ada',
      reason: 'known',
      digest: amount?.digest ?? '',
      until,
    });
    await sweep();
    expect(hook.messages).toEqual(['hold.waiting token-owner, too-many-removals 3']);
    clock.advance(DAY);
    await sweep();
    expect(hook.messages.slice(1)).toEqual(['hold.waiting token-owner, too-many-removals 3']);
  });

  test('of cycles that keep failing, also at the directory, and that one gets through again', async () => {
    hook.messages.length = 0;
    const { cycles } = ports.stores;
    const end = async (result: CycleResult, kind: 'incremental' | 'on-demand' = 'incremental') => {
      clock.advance(60_000);
      const { id } = await cycles.open({ connection: 'acme', kind, requestedBy: 'schedule' });
      await cycles.close(id, result, { message: 'the secret that ann@contoso.com made has expired' });
      await sweep();
    };
    await end('failed');
    await end('refused');
    await end('cancelled');
    expect(hook.messages).toEqual([]);
    await end('failed');
    await end('failed');
    await end('succeeded', 'on-demand');
    expect(hook.messages).toEqual(['cycle.failing 3']);
    await end('succeeded');
    await end('failed');
    expect(hook.messages.slice(1)).toEqual(['cycle.recovered']);
    clock.advance(3_600_000);
    await sweep();
    expect(hook.messages.slice(2)).toEqual(['cycle.failing 1']);
    const told = (await ports.stores.notifications.list(3)).map((one) => sentenceOf(one) + JSON.stringify(one));
    expect(told.join('\n')).not.toContain('ann');
    await end('succeeded');
  });

  test('of cycles that Headgate itself stops again and again, as where processes have other configurations', async () => {
    hook.messages.length = 0;
    const { cycles } = ports.stores;
    const stop = async (reason?: string) => {
      clock.advance(60_000);
      const { id } = await cycles.open({ connection: 'acme', kind: 'incremental', requestedBy: 'schedule' });
      await cycles.requestCancel(id, reason);
      await cycles.close(id, 'cancelled');
      await sweep();
    };
    for (let times = 0; times < 3; times++) await stop();
    expect(hook.messages).toEqual([]);
    for (let times = 0; times < 3; times++) await stop('the configuration of connection acme changed');
    expect(hook.messages).toEqual(['cycle.failing 3']);
    const { id } = await cycles.open({ connection: 'acme', kind: 'incremental', requestedBy: 'schedule' });
    await cycles.close(id, 'succeeded');
    await sweep();
    expect(hook.messages.slice(1)).toEqual(['cycle.recovered']);
  });

  test('of another owner of a token, and of one the directory does not know any more, both without a name', async () => {
    hook.messages.length = 0;
    const { credentials } = ports.stores;
    const [known] = await credentials.list('acme');
    if (known === undefined) throw new Error('a token was stored before');
    const bob = { ...known, owner: { kind: 'user', name: 'bob@contoso.com', anchor: 'bob' } } as const;
    await credentials.change([{ after: bob, from: known.version, event: 'owner-named', by: 'ada' }]);
    const gone = { ...bob, owner: { ...bob.owner, absent: true } } as const;
    await credentials.change([{ after: gone, from: known.version + 1, event: 'owner-absent', by: 'configuration' }]);
    await sweep();
    expect(hook.messages).toEqual(['token.owner f1', 'token.owner f1 1']);
    const [absent, named] = (await ports.stores.notifications.list(2)).map(sentenceOf);
    expect(named).toMatch(/^Another owner was named for the token f1 of acme/);
    expect(absent).toMatch(/^The directory does not know the owner of the token f1 of acme \(any more\)/);
    expect(`${named} ${absent}`).not.toContain('bob');
  });

  test('where a message did not reach everybody, until one does, be it a test', async () => {
    const { connections, notifications } = ports.stores;
    const failure = async () => (await notifications.channels()).find(({ channel }) => channel === 'ops')?.failure;
    hook.state.missed = 'one of two was refused';
    await connections.pause('acme', 'a look');
    await sweep();
    await sweep();
    expect(await failure()).toBe('one of two was refused');
    delete hook.state.missed;
    await createNotificationDesk(ports).test(signal);
    expect(await failure()).toBeUndefined();
    await connections.resume('acme');
    await sweep();
  });

  test('at once what has waited, when a test message arrives; until then its channel is a trouble that stops nothing', async () => {
    clock.advance(600_000);
    await sweep();
    hook.messages.length = 0;
    const desk = createNotificationDesk(ports);
    hook.state.away = true;
    await ports.stores.connections.pause('acme', 'a look');
    await sweep();
    clock.advance(5000);
    await sweep();
    const [trouble, ...others] = (await checkChannels(ports)).filter(({ ok }) => !ok);
    expect(trouble).toMatchObject({ name: 'notifications by ops', detail: 'ops is away', required: false });
    expect(others).toEqual([]);
    expect(await desk.test(signal)).toMatchObject([{ ok: true }, { channel: 'ops', ok: false }]);
    await sweep();
    hook.state.away = false;
    await sweep();
    expect(hook.messages).toEqual([]);
    expect(await desk.test(signal)).toMatchObject([{ ok: true }, { channel: 'ops', ok: true }]);
    await sweep();
    expect(hook.messages).toEqual(['test', 'connection.paused']);
    expect((await checkChannels(ports)).every(({ ok }) => ok)).toBe(true);
    await ports.stores.connections.resume('acme');
    await sweep();
  });

  test('not of a channel that is not configured any more, whatever became of it', async () => {
    const { notifications } = ports.stores;
    await notifications.openChannel('former');
    await notifications.failed('former', 'it did not answer', clock.now());
    expect((await checkChannels(ports)).map(({ name }) => name)).toEqual([
      'notifications by mail',
      'notifications by ops',
    ]);
    expect((await createNotificationDesk(ports).list(1)).channels.map(({ channel }) => channel)).toEqual([
      'mail',
      'ops',
    ]);
  });

  test('and nudges only channels that have something to say', async () => {
    clock.advance(600_000);
    await sweep();
    await sweep();
    expect(nudged).toEqual([]);
  });

  test('of no token that expires once a migration has switched SCIM off: none is to be put in its place', async () => {
    hook.messages.length = 0;
    await ports.stores.connections.switchOff('acme');
    const expiring = aCredential({ id: 'c9', fingerprint: 'f9', state: 'candidate', expiresAt: clock.now() + 5 * DAY });
    await ports.stores.credentials.change([{ after: expiring, event: 'probed', by: 'test' }]);
    await sweep();
    expect(hook.messages).toEqual([]);
  });
});
