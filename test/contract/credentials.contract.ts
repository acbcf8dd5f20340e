import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Credential } from '../../src/core/credential.ts';
import type { CredentialChange } from '../../src/ports/credentials.ts';
import { aCredential } from '../builders.ts';
import type { StoresUnderTest } from './stores.contract.ts';

/** What any store of credentials must do. */
export function describeCredentials(name: string, open: () => Promise<StoresUnderTest>): void {
  describe(`credentials on ${name}`, () => {
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

    const made = (id: string, overrides: Partial<Credential> = {}) =>
      aCredential({ id: `${connection}-${id}`, connection, fingerprint: id, ...overrides });
    const added = (after: Credential, more: Partial<CredentialChange> = {}): CredentialChange => ({
      after,
      event: 'added',
      by: 'ada',
      ...more,
    });

    test('what was added is there for every process, newest first, with its history', async () => {
      const { credentials } = under.stores;
      const candidate = made('b', { state: 'candidate', owner: { kind: 'user', name: 'ada', anchor: 'a1' } });
      expect(await credentials.change([added(made('a')), added(candidate, { detail: 'by hand' })])).toBe(true);
      const seen = await under.others.credentials.list(connection);
      expect(seen).toEqual([
        { ...candidate, version: 1 },
        { ...made('a'), version: 1 },
      ]);
      expect(await under.others.credentials.active(connection)).toEqual({ ...made('a'), version: 1 });
      expect(await credentials.history(candidate.id)).toEqual([
        { credential: candidate.id, at: under.clock.now(), event: 'added', by: 'ada', detail: 'by hand' },
      ]);
      expect((await credentials.list()).length).toBeGreaterThanOrEqual(2);
    });

    test('two changes of one version: the second does nothing, nor anything that goes with it', async () => {
      const { credentials } = under.stores;
      await credentials.change([added(made('a')), added(made('b', { state: 'candidate' }))]);
      const [b, a] = await credentials.list(connection);
      if (a === undefined || b === undefined) throw new Error('two were added');
      const swap: readonly CredentialChange[] = [
        { after: { ...a, state: 'retiring' }, from: a.version, event: 'superseded', by: 'ada' },
        { after: { ...b, state: 'active' }, from: b.version, event: 'promoted', by: 'ada' },
      ];
      expect(await credentials.change(swap)).toBe(true);
      const late = { after: { ...b, state: 'retired' as const }, from: b.version, event: 'retired', by: 'bob' };
      const other = { after: { ...a, state: 'dead' as const }, from: a.version + 1, event: 'revoked', by: 'bob' };
      expect(await under.others.credentials.change([other, late])).toBe(false);
      expect((await credentials.list(connection)).map(({ state, version }) => [state, version])).toEqual([
        ['active', 2],
        ['retiring', 2],
      ]);
    });

    test('a second active credential of a connection is not added', async () => {
      const { credentials } = under.stores;
      expect(await credentials.change([added(made('a'))])).toBe(true);
      expect(await credentials.change([added(made('b'))])).toBe(false);
      expect(await credentials.list(connection)).toHaveLength(1);
    });

    test('the same secret is not added twice to a connection', async () => {
      const { credentials } = under.stores;
      await credentials.change([added(made('a', { state: 'candidate' }))]);
      const twin = { ...made('a', { state: 'candidate' }), id: `${connection}-twin` };
      expect(await credentials.change([added(twin)])).toBe(false);
    });

    test('a kept secret is where it was put, and is erased when its time is over', async () => {
      const { credentials } = under.stores;
      const sealed = made('a', { source: 'stored' });
      const file = made('b', { state: 'candidate', source: 'file' });
      await credentials.change([
        added(sealed, { secret: { kind: 'stored', sealed: 'v1.x' } }),
        added(file, { secret: { kind: 'file', path: '/run/token' } }),
      ]);
      expect(await credentials.secret(sealed.id)).toEqual({ kind: 'stored', sealed: 'v1.x' });
      expect(await credentials.secret(file.id)).toEqual({ kind: 'file', path: '/run/token' });
      const dead = { ...sealed, state: 'dead' as const };
      await credentials.change([{ after: dead, from: 1, event: 'revoked', by: 'ada', eraseSecret: true }]);
      expect(await credentials.secret(sealed.id)).toBeUndefined();
      expect(await credentials.secret(file.id)).toEqual({ kind: 'file', path: '/run/token' });
    });

    test('a secret that is handed over again is kept as it was the last time, and no change of another kind touches it', async () => {
      const { credentials } = under.stores;
      const one = made('a', { source: 'stored' });
      await credentials.change([added(one, { secret: { kind: 'stored', sealed: 'v1.x' } })]);
      const again = (from: number, more: Partial<CredentialChange>) =>
        credentials.change([{ after: one, from, event: 'handed-over-again', by: 'ada', ...more }]);
      await again(1, { secret: { kind: 'file', path: '/run/token' } });
      expect(await credentials.secret(one.id)).toEqual({ kind: 'file', path: '/run/token' });
      await again(2, { secret: { kind: 'stored', sealed: 'v1.y' } });
      await again(3, {});
      expect(await credentials.secret(one.id)).toEqual({ kind: 'stored', sealed: 'v1.y' });
    });
  });
}
