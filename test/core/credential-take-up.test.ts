import { describe, expect, test } from 'vitest';
import type { Credential } from '../../src/core/credential.ts';
import { FIRST_TOKEN, takeUp, type ConfiguredCredential } from '../../src/core/credential-take-up.ts';
import { aCredential } from '../builders.ts';

const ADA = { kind: 'user', name: 'ada@contoso.com' } as const;

function configured(fingerprint: string, more: Partial<ConfiguredCredential> = {}): ConfiguredCredential {
  return { connection: 'acme', kind: 'bearer', fingerprint, owner: { kind: 'unknown' }, place: 'here', ...more };
}

function taken(known: readonly Credential[], what: ConfiguredCredential): readonly string[] {
  return takeUp(known, what, 'new', 5).map(({ after, event }) => `${event} ${after.fingerprint} ${after.state}`);
}

const old = aCredential({ fingerprint: 'old' });
const stored = aCredential({ id: 'stored', fingerprint: 'stored', source: 'stored' });

describe('taking up the configured credential', () => {
  test('a connection begins with its first one, and with no later one', () => {
    expect(takeUp([], configured('a'), 'new', 5)).toMatchObject([{ event: 'installed', detail: FIRST_TOKEN }]);
    const elsewhere = aCredential({ connection: 'other', fingerprint: 'a' });
    expect(takeUp([elsewhere], configured('a'), 'new', 5)).toMatchObject([{ detail: FIRST_TOKEN }]);
    const [, later] = takeUp([old], configured('b'), 'new', 5);
    expect(later).toMatchObject({ event: 'installed' });
    expect(later).not.toHaveProperty('detail');
  });

  test.each([
    { rule: 'the first is in use at once', known: [], what: configured('a'), end: ['installed a active'] },
    { rule: 'one that is known changes nothing', known: [old], what: configured('old'), end: [] },
    {
      rule: 'T3: one that replaces another leaves that one retiring: it may still be accepted',
      known: [old],
      what: configured('b'),
      end: ['superseded old retiring', 'installed b active'],
    },
    {
      rule: 'an owner named later is written down',
      known: [old],
      what: configured('old', { owner: ADA }),
      end: ['owner-named old active'],
    },
    {
      rule: 'an owner no longer named is kept',
      known: [aCredential({ fingerprint: 'old', owner: ADA })],
      what: configured('old'),
      end: [],
    },
    {
      rule: 'the file put back as it was is in use again',
      known: [aCredential({ id: 'b', fingerprint: 'b' }), aCredential({ fingerprint: 'old', state: 'retiring' })],
      what: configured('old'),
      end: ['superseded b retiring', 'promoted old active'],
    },
    {
      rule: 'a file left as it was does not undo a promotion',
      known: [stored, aCredential({ fingerprint: 'old', state: 'retiring' })],
      what: configured('old'),
      end: [],
    },
    {
      rule: 'a new secret in the file is what its writer wants, over one that was promoted',
      known: [stored],
      what: configured('b'),
      end: ['superseded stored retiring', 'installed b active'],
    },
    {
      rule: 'a credential that has ended does not come back because a file still holds it',
      known: [stored, aCredential({ fingerprint: 'old', state: 'retired' })],
      what: configured('old'),
      end: [],
    },
    {
      rule: 'another connection has nothing to do with it',
      known: [aCredential({ connection: 'other', fingerprint: 'a' })],
      what: configured('a'),
      end: ['installed a active'],
    },
  ])('$rule', ({ known, what, end }) => {
    expect(taken(known, what)).toEqual(end);
  });

  test('T6: one put back into the file was put to use by a person, whatever was switched or refused before', () => {
    const switched = { activatedBy: 'switch', refusedAt: 1 } as const;
    const back = aCredential({ fingerprint: 'old', state: 'retiring', ...switched });
    const [, promoted] = takeUp([aCredential({ id: 'b', fingerprint: 'b' }), back], configured('old'), 'new', 5);
    expect(promoted?.after).toMatchObject({ state: 'active', activatedBy: 'person' });
    expect(promoted?.after).not.toHaveProperty('refusedAt');
  });

  test.each([
    { rule: 'one in use is for the place named beside it', state: 'active', end: ['here', undefined] },
    { rule: 'one that was replaced stays for its own', state: 'retiring', end: ['there', 'c-1'] },
  ] as const)('$rule', ({ state, end }) => {
    const moved = aCredential({ fingerprint: 'old', place: 'there', provenBy: 'c-1', state });
    const [taken = { after: moved }] = takeUp(
      [moved, ...(state === 'active' ? [] : [stored])],
      configured('old'),
      'new',
      5,
    );
    expect([taken.after.place, taken.after.provenBy]).toEqual(end);
  });
});

describe('a user known as the owner of a token', () => {
  const BOB = { kind: 'user', name: 'bob@contoso.com', anchor: 'bob' } as const;
  const handed = aCredential({ fingerprint: 'new', source: 'stored', owner: BOB });
  const file = configured('new', { owner: ADA });

  /** The owners after each of these configurations, one after the other. */
  function owners(known: Credential, ...said: readonly ConfiguredCredential[]) {
    let now = [known];
    return said.map((what) => {
      for (const { after } of takeUp(now, what, 'id', 5)) now = [...now.filter(({ id }) => id !== after.id), after];
      return now.map(({ owner, state }) => `${state} ${owner.kind === 'user' ? owner.name : owner.kind}`);
    });
  }

  test.each(['stored', 'file'] as const)(
    'named as it was handed over (%s) is not changed when the file has it',
    (source) => {
      expect(owners({ ...handed, source }, file)).toEqual([['active bob@contoso.com']]);
    },
  );

  test.each(['candidate', 'retiring'] as const)(
    'stays when the %s token comes into the file, and ever after',
    (state) => {
      expect(owners({ ...handed, state }, file, file)).toEqual([
        ['active bob@contoso.com'],
        ['active bob@contoso.com'],
      ]);
    },
  );

  test('stays when the file is put back as it was, beside the owner of the one in between', () => {
    const other = configured('other', { owner: ADA });
    const [, ...after] = owners({ ...handed, source: 'configuration' }, other, file, file);
    expect(after.map((all) => all.at(-1))).toEqual(['active bob@contoso.com', 'active bob@contoso.com']);
  });

  test('stays with a token that was replaced, where the configuration names the owner of the next one early', () => {
    const next = aCredential({ id: 'next', fingerprint: 'next', source: 'stored' });
    const replaced = aCredential({ ...handed, source: 'configuration', state: 'retiring' });
    const [change, ...more] = takeUp([next, replaced], file, 'id', 5);
    const after = { ...replaced, ...change?.after };
    expect([after.owner, more]).toEqual([BOB, []]);
    expect(owners({ ...after, state: 'active' }, file)).toEqual([['active bob@contoso.com']]);
  });

  test('is another one once the configuration says so of the token it has held all along', () => {
    expect(owners({ ...handed, source: 'configuration' }, file)).toEqual([['active ada@contoso.com']]);
  });

  test('is whom the configuration names where nobody was named', () => {
    expect(owners({ ...handed, owner: { kind: 'unknown' } }, file)).toEqual([['active ada@contoso.com']]);
  });
});
