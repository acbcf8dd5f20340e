import { describe, expect, test } from 'vitest';
import { keptWorld } from './kept-world.ts';

const configured = { id: 'old', secret: 'old-token', source: 'configuration' } as const;
const holding = (secret: string) => ({ read: async () => secret });

describe('a token handed over to a rotation that the provider refuses', () => {
  const rotating = () => keptWorld([configured], holding('old-token'));

  test('stays a candidate, which is said with the command that ends it', async () => {
    const { rows, rotate } = await rotating();
    const refusal = await rotate('bad-token').catch((error: unknown) => error);
    const [bad] = [...rows.values()].filter(({ state }) => state === 'candidate');
    expect(refusal).toMatchObject({
      message: `${bad?.fingerprint} is refused by the provider (401); it is not put to use, and stays a candidate`,
      facts: {
        remedy: `generate another one, and copy it whole. To end this one: headgate token revoke ${bad?.fingerprint} -c acme`,
      },
    });
    expect(rows.get('old')?.state).toBe('active');
  });

  test('is ended by that command', async () => {
    const { rows, accepted, rotate, revoke } = await rotating();
    accepted.add('old-token');
    await expect(rotate('bad-token')).rejects.toThrow('stays a candidate');
    const [bad] = [...rows.values()].filter(({ state }) => state === 'candidate');
    expect(await revoke(bad?.id ?? '')).toBe('dead');
  });
});

test('a token that was in use before and is promoted again without being taken changes nothing', async () => {
  const { promote } = await keptWorld([configured, { id: 'before', secret: 'before', state: 'retiring' }]);
  await expect(promote('before')).rejects.toThrow('is refused by the provider (401); nothing was changed');
});

test('a rotation that waits for the old token to be deleted names itself as what goes on then', async () => {
  const old = { id: 'old', secret: 'old-token', state: 'retiring' } as const;
  const fresh = { id: 'new', secret: 'new-token', provenBy: 'c-1' };
  const { rows, accepted, rotate } = await keptWorld([old, fresh], holding('new-token'));
  accepted.add('old-token').add('new-token');
  expect(await rotate()).toMatchObject({
    waitsFor: 'deletion',
    instruction: `the service provider of acme still accepts ${rows.get('old')?.fingerprint}; delete the token there, then: headgate token rotate -c acme`,
  });
});

describe('a rotation that is complete', () => {
  const complete = async (inConfiguration: string) => {
    const old = { id: 'old', secret: 'old-token', state: 'retiring' } as const;
    const fresh = { id: 'new', secret: 'new-token', provenBy: 'c-1' };
    const { rows, accepted, rotate } = await keptWorld([old, fresh], holding(inConfiguration));
    accepted.add('new-token');
    return { old: rows.get('old')?.fingerprint, ...(await rotate()) };
  };

  test('says that the configuration still names the token that was replaced', async () => {
    const { old, waitsFor, instruction } = await complete('old-token');
    expect(waitsFor).toBe('nothing');
    expect(instruction).toBe(
      `the rotation is complete. The configuration of acme still names ${old}, which nothing uses any more: put the new token in its place, so that Headgate would not begin with the old one on a new database.`,
    );
  });

  test('says nothing of a configuration that names the new one', async () => {
    expect(await complete('new-token')).toMatchObject({ instruction: 'the rotation is complete.' });
  });
});

test.each([
  ['asks for no new token', undefined],
  ['takes none in', 'new-token'],
])('a rotation where a migration has switched SCIM off %s', async (_what, added) => {
  const { rows, rotate } = await keptWorld([configured], holding('old-token'), { switchedOffAt: 1 });
  await expect(rotate(added)).rejects.toMatchObject({
    code: 'connection-off',
    facts: { remedy: 'it needs no new token. Take it out of the configuration.' },
  });
  expect(rows.size).toBe(1);
});
