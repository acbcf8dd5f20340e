import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../src/core/errors.ts';
import { freezeReason, thawedReason } from '../../../src/core/migration/migration.ts';
import { waitingForCredential } from '../../../src/core/pause-reason.ts';
import { HEALTHY } from '../../../src/core/quarantine.ts';
import type { StoredCredential } from '../../../src/ports/credentials.ts';
import type { Ports } from '../../../src/ports/index.ts';
import type { ConnectionState } from '../../../src/ports/stores.ts';
import { createRecovery } from '../../../src/provisioning/recovery.ts';
import { createCredentialDesk } from '../../../src/provisioning/credentials/credential-desk.ts';
import { aCredential } from '../../builders.ts';
import { only } from '../../only.ts';
import { silentLog } from '../../silent-log.ts';
import { aConnection, aSecret, fakeDirectory, fakeProvider } from '../fakes.ts';

const NOW = Date.UTC(2026, 10, 23, 4);
const never = new AbortController().signal;
const expired = { secret: { text: 'new' }, expiresAt: Date.UTC(2026, 10, 23) };

/** A desk on which nothing is read and nothing written: every port fails when it is asked. */
function aDesk() {
  const ports = only<Ports>({ clock: { now: () => NOW } });
  return createCredentialDesk({ ports, log: silentLog, startFullCycle: async () => ({ id: 'c-1' }) });
}

/** A connection without any token, paused for `before` already; `off`: what else is kept of it. */
function aConnectionPaused(before?: string, off: Pick<ConnectionState, 'switchedOffAt'> = {}) {
  let pausedReason = before;
  let stored: readonly StoredCredential[] = [];
  const probed = { ...fakeProvider({}), probe: async () => 'accepted' as const };
  const read = () => Promise.reject(new ConfigError('there is no file', []));
  const connection = {
    ...aConnection(fakeDirectory({ assignments: [] }), probed),
    credential: { ...aSecret, read },
  };
  const ports = only<Ports>({
    clock: { now: () => NOW },
    connections: new Map([['acme', connection]]),
    channels: new Map(),
    vault: only<Ports['vault']>({ readReference: async () => 'new', fingerprint: (secret) => `fp:${secret}` }),
    stores: only<Ports['stores']>({
      migrations: only<Ports['stores']['migrations']>({ openOf: async () => undefined }),
      credentials: only<Ports['stores']['credentials']>({
        list: async () => stored,
        secret: async () => ({ kind: 'file', path: '/run/secrets/new' }),
        async change(changes) {
          stored = changes.map(({ after, from = 0 }) => ({ ...after, version: from + 1 }));
          return true;
        },
      }),
      cycles: only<Ports['stores']['cycles']>({ openCycle: async () => undefined }),
      connections: only<Ports['stores']['connections']>({
        get: async (connection) => ({
          connection,
          schedulesPaused: false,
          ...off,
          ...(pausedReason && { pausedReason }),
        }),
        async pause(_connection, reason) {
          if (pausedReason !== undefined) return false;
          pausedReason = reason;
          return true;
        },
        async changePause(_connection, change) {
          pausedReason = change(pausedReason);
        },
        changeHealth: async () => ({ before: HEALTHY, after: HEALTHY }),
      }),
      notifications: only<Ports['stores']['notifications']>({ channels: async () => [] }),
    }),
  });
  const desk = createCredentialDesk({ ports, log: silentLog, startFullCycle: async () => ({ id: 'c-1' }) });
  const { pauseConnection } = createRecovery(ports, () => connection);
  return {
    desk,
    reason: () => pausedReason,
    pause: (why: string) => pauseConnection('acme', why),
    freeze: () => (pausedReason = freezeReason('m1', 'aborted', 'Ann is gone', pausedReason)),
    promote: () => {
      stored = [{ ...aCredential({ id: 'new', fingerprint: 'fp:new', state: 'candidate' }), version: 1 }];
      return desk.promote('new', 'ben', never);
    },
    revoke: () => {
      stored = [{ ...aCredential({ id: 'old', fingerprint: 'fp:old', state: 'active' }), version: 1 }];
      return desk.revoke('old', { by: 'ben', deleted: true }, never);
    },
  };
}

describe('a rotation with a pause', () => {
  const asked = { connection: 'acme', by: 'ada', pause: true };

  test('says what ends it: the new token, or a person; and its reason does, too', async () => {
    const { desk, reason } = aConnectionPaused();
    const lasts =
      'nothing is sent until the new token is in use; to go on without one: headgate connection resume -c acme';
    expect((await desk.rotate(asked, never)).done).toEqual([lasts]);
    expect(reason()).toBe('waiting for a credential: the token is being rotated: headgate token rotate -c acme');
    expect((await desk.rotate(asked, never)).done).toEqual([lasts]);
  });

  test('does not say that the new token ends a pause somebody else has begun', async () => {
    const { desk, reason } = aConnectionPaused('audit (by ada)');
    expect((await desk.rotate(asked, never)).done).toEqual([
      'the connection is paused already, and stays so when the new token is in use: audit (by ada). To end that: headgate connection resume -c acme',
    ]);
    expect(reason()).toBe('audit (by ada)');
  });
});

describe('a token in use that is revoked', () => {
  test('has its connection wait for another', async () => {
    const { revoke, reason } = aConnectionPaused();
    await revoke();
    expect(reason()).toMatch(/^waiting for a credential: fp:old was revoked/);
  });

  test('has one wait for none that was switched off: nothing is sent there any more', async () => {
    const { revoke, reason } = aConnectionPaused(undefined, { switchedOffAt: NOW });
    expect(await revoke()).toMatchObject({ state: 'dead' });
    expect(reason()).toBeUndefined();
  });
});

describe('a token that is put to use', () => {
  const ROTATED = waitingForCredential('the token is being rotated');

  test('ends the pause that waited for it', async () => {
    const { promote, reason } = aConnectionPaused(ROTATED);
    await promote();
    expect(reason()).toBeUndefined();
  });

  test('ends that pause behind the freeze of a migration, too, so that it does not come back when that is lifted', async () => {
    const { promote, reason, freeze } = aConnectionPaused(ROTATED);
    freeze();
    await promote();
    expect(reason()).toBe('migration m1 was aborted: Ann is gone');
    expect(thawedReason('m1', reason())).toBeUndefined();
  });

  test('does not end the pause of a person who found the connection waiting for it', async () => {
    const { promote, reason, pause } = aConnectionPaused(ROTATED);
    expect(await pause('wrong removals, stop (by ada)')).toEqual({
      already: false,
      since: NOW,
      reason: `wrong removals, stop (by ada). It was paused already, which resuming ends as well: ${ROTATED}`,
    });
    expect((await pause('lunch (by ben)')).already).toBe(true);
    await promote();
    expect(reason()).toBe('wrong removals, stop (by ada)');
  });
});

describe('a token whose last day is over is refused at the door', () => {
  const refusal = {
    code: 'credential',
    message: 'the last day given for the token is 2026-11-22, and that is over',
    facts: { remedy: expect.stringMatching(/look the day up at the service provider.*without --expires/) },
  };

  test('as a candidate', async () => {
    await expect(aDesk().add({ connection: 'acme', by: 'ada', ...expired }, never)).rejects.toMatchObject(refusal);
  });

  test('in a rotation, before anything is paused', async () => {
    const asked = { connection: 'acme', by: 'ada', pause: true, added: expired };
    await expect(aDesk().rotate(asked, never)).rejects.toMatchObject(refusal);
  });
});
