import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { NewNotification, Told } from '../../src/core/notification.ts';
import { aCredential } from '../builders.ts';
import type { StoresUnderTest } from './stores.contract.ts';

const PAUSED: Told = { stopped: 'pause', guards: [], expiring: {} };

/** What any store of notifications must do. */
export function describeNotifications(name: string, open: () => Promise<StoresUnderTest>): void {
  describe(`notifications on ${name}`, () => {
    let under: StoresUnderTest;
    let connection = '';
    let count = 0;

    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());
    beforeEach(() => {
      connection = `acme-${++count}`;
    });

    const paused = (): NewNotification => ({ kind: 'connection.paused', connection, facts: { reason: 'refused' } });
    const kinds = async () => {
      const all = await under.others.notifications.list(100);
      return all.filter((one) => one.connection === connection).map(({ kind }) => kind);
    };

    test('what is told is stored with what was told, and of two who tell the same one does nothing', async () => {
      const { notifications } = under.stores;
      const { version } = await notifications.told(connection);
      expect(await notifications.tell(connection, PAUSED, version, [paused()])).toBe(true);
      const again = await under.others.notifications.told(connection);
      expect(again.told).toEqual(PAUSED);
      expect(await notifications.tell(connection, { ...PAUSED, stopped: 'no' }, again.version, [])).toBe(true);
      expect(await under.others.notifications.tell(connection, PAUSED, again.version, [paused()])).toBe(false);
      expect(await kinds()).toEqual(['connection.paused']);
    });

    test('a change of a credential is a notification, in the same transaction', async () => {
      const { credentials } = under.stores;
      const made = aCredential({ id: `${connection}-a`, connection });
      expect(await credentials.change([{ after: made, event: 'added', by: 'ada' }])).toBe(true);
      const [stored] = await credentials.list(connection);
      const probed = { after: { ...made, probedAt: 1 }, from: stored?.version ?? 0, event: 'probed', by: 'ada' };
      await credentials.change([probed]);
      const dead = { ...made, state: 'dead' as const };
      expect(await credentials.change([{ after: dead, from: 99, event: 'revoked', by: 'ada' }])).toBe(false);
      expect(await kinds()).toEqual(['token.generated']);
      const retired = { after: { ...made, state: 'retired' as const }, from: (stored?.version ?? 0) + 1 };
      await credentials.change([{ ...retired, event: 'retired', by: 'ada', detail: 'by-person' }]);
      const [last] = (await under.stores.notifications.list(100)).filter((one) => one.connection === connection);
      expect(last).toMatchObject({ kind: 'token.retired', facts: { fingerprint: 'f1', confirmed: 'by-person' } });
    });

    test('a channel delivers what comes after it was opened, once, in order, under a claim', async () => {
      const { notifications } = under.stores;
      await notifications.tell(connection, PAUSED, 0, [paused()]);
      const channel = `channel-${connection}`;
      await notifications.openChannel(channel);
      await notifications.tell(connection, PAUSED, 1, [paused(), { ...paused(), kind: 'connection.recovered' }]);
      await under.others.notifications.openChannel(channel);
      const claim = await notifications.claim(channel, under.clock.now() + 1000);
      expect(claim).toMatchObject({ channel, attempts: 0 });
      expect(await under.others.notifications.claim(channel, under.clock.now() + 1000)).toBeUndefined();
      const pending = await notifications.pending(claim?.delivered ?? 0, 10);
      expect(pending.map(({ kind }) => kind)).toEqual(['connection.paused', 'connection.recovered']);
      await notifications.failed(channel, 'it did not answer', under.clock.now() + 5000);
      expect(await notifications.claim(channel, under.clock.now() + 1000)).toBeUndefined();
      await notifications.tried(channel);
      expect(await notifications.claim(channel, under.clock.now() + 1000)).toMatchObject({ attempts: 1 });
      await notifications.failed(channel, 'it did not answer', under.clock.now() + 5000);
      under.clock.advance(5000);
      const second = await notifications.claim(channel, under.clock.now() + 1000);
      expect(second).toMatchObject({ attempts: 2, failure: 'it did not answer', delivered: claim?.delivered });
      await notifications.delivered(channel, pending[1]?.number ?? 0, 0);
      const third = await notifications.claim(channel, under.clock.now() + 1000);
      expect(third).toMatchObject({ attempts: 0 });
      expect(third).not.toHaveProperty('failure');
      // It waits for what else comes, or delivers just now: nothing has failed.
      await notifications.tried(channel, 'one of two was refused');
      expect(await notifications.claim(channel, under.clock.now() + 1000)).toBeUndefined();
      const failure = async () => (await notifications.channels()).find((one) => one.channel === channel)?.failure;
      expect(await failure()).toBe('one of two was refused');
      await notifications.tried(channel);
      expect(await failure()).toBeUndefined();
      expect(await notifications.pending(third?.delivered ?? 0, 10)).toEqual([]);
    });
  });
}
