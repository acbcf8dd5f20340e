import { describe, expect, test } from 'vitest';
import type { Ports } from '../../../src/ports/index.ts';
import { createCredentialDesk } from '../../../src/provisioning/credentials/credential-desk.ts';
import { only } from '../../only.ts';
import { silentLog } from '../../silent-log.ts';

const NOW = Date.UTC(2026, 10, 23, 4);
const never = new AbortController().signal;
const expired = { secret: { text: 'new' }, expiresAt: Date.UTC(2026, 10, 23) };

/** A desk on which nothing is read and nothing written: every port fails when it is asked. */
function aDesk() {
  const ports = only<Ports>({ clock: { now: () => NOW } });
  return createCredentialDesk({ ports, log: silentLog, startFullCycle: async () => ({ id: 'c-1' }) });
}

/** A connection without any token, paused for `before` already. */
function aConnectionPaused(before?: string) {
  let pausedReason = before;
  const ports = only<Ports>({
    clock: { now: () => NOW },
    connections: new Map(),
    stores: only<Ports['stores']>({
      credentials: only<Ports['stores']['credentials']>({ list: async () => [] }),
      cycles: only<Ports['stores']['cycles']>({ openCycle: async () => undefined }),
      connections: only<Ports['stores']['connections']>({
        get: async (connection) => ({ connection, schedulesPaused: false, ...(pausedReason && { pausedReason }) }),
        async pause(_connection, reason) {
          if (pausedReason !== undefined) return false;
          pausedReason = reason;
          return true;
        },
      }),
    }),
  });
  const desk = createCredentialDesk({ ports, log: silentLog, startFullCycle: async () => ({ id: 'c-1' }) });
  return { desk, reason: () => pausedReason };
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
