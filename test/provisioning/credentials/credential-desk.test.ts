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
