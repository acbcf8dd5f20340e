import { describe, expect, test } from 'vitest';
import { TransientError } from '../../src/core/errors.ts';
import type { Link } from '../../src/core/link.ts';
import type { ServiceProvider } from '../../src/ports/service-provider.ts';
import { createLinkDesk } from '../../src/provisioning/link-desk.ts';
import { aGroup, aLink, anAccount, assignGroup, assignUser, aUser, NOW } from '../builders.ts';
import { aCycle } from '../http/builders.ts';
import { silentLog } from '../silent-log.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

const never = new AbortController().signal;
const decision = { connection: 'acme', by: 'ada', reason: 'built anew' };
const directory = fakeDirectory({
  assignments: [assignUser('ada'), assignUser('bob'), assignGroup('crew')],
  users: { ada: aUser('ada'), bob: aUser('bob') },
  groups: { crew: aGroup('crew', 'Crew') },
  memberships: { crew: { users: ['ada'] } },
  whereabouts: { eve: 'absent' },
});
const LINKS: readonly Link[] = [
  aLink('ada'),
  aLink('bob'),
  aLink('eve', { state: 'disabled' }),
  aLink('old', { state: 'deleted' }),
  aLink('crew', { resource: 'group', label: 'Crew' }),
];

interface Found {
  readonly provider?: ServiceProvider;
  readonly target?: string;
  readonly tenant?: string;
  readonly state?: object;
  readonly migration?: string;
  readonly cycle?: string;
}

/** A desk whose connection is what was found, with what a reload has brought `now`. */
function deskWith(
  { provider = fakeProvider({}), target, state = {}, migration, cycle }: Found = {},
  now: Pick<Found, 'target' | 'tenant'> = {},
) {
  const forgotten: unknown[] = [];
  const stores = {
    links: {
      load: async () => LINKS,
      list: async (_connection: string, { after, limit }: { after?: Pick<Link, 'anchor'>; limit: number }) =>
        LINKS.slice(LINKS.findIndex(({ anchor }) => anchor === after?.anchor) + 1).slice(0, limit),
      forget: async (...asked: readonly unknown[]) => void forgotten.push(asked),
    },
    connections: { get: async () => ({ connection: 'acme', schedulesPaused: false, ...state }) },
    migrations: {
      openOf: async () => (migration === undefined ? undefined : { id: migration, connection: 'acme', createdAt: 0 }),
    },
    cycles: { openCycle: async () => (cycle === undefined ? undefined : aCycle({ id: cycle })) },
  };
  const connection = { ...aConnection(directory, provider), ...(target === undefined ? {} : { target }) };
  const ports = { stores, clock: { now: () => NOW } };
  return { forgotten, desk: createLinkDesk(ports, silentLog, () => ({ ...connection, ...now })) };
}

describe('what is gone', () => {
  test('is told link by link, with who is in scope, and leaves out what is there or known to be deleted', async () => {
    const provider = fakeProvider({ accounts: [anAccount('id-bob', 'bob@contoso.com')], listed: [] });
    const found = await deskWith({ provider }).desk.vanished('acme', never);
    expect(found).toMatchObject({
      connection: 'acme',
      target: 'https://acme.example',
      linked: { accounts: 3, groups: 1 },
      listed: { accounts: 1, groups: 0 },
    });
    expect(found.gone.map(({ anchor, inScope }) => [anchor, inScope])).toEqual([
      ['ada', true],
      ['eve', false],
      ['crew', true],
    ]);
  });

  test('has a digest that changes with what is gone, and with nothing else', async () => {
    const digest = async (provider: ServiceProvider) =>
      (await deskWith({ provider }).desk.vanished('acme', never)).digest;
    const empty = await digest(fakeProvider({}));
    expect(await digest(fakeProvider({ accounts: [anAccount('new', 'new@contoso.com')] }))).toBe(empty);
    expect(await digest(fakeProvider({ accounts: [anAccount('id-bob', 'bob@contoso.com')] }))).not.toBe(empty);
  });

  test('is about one base URL, of which only scheme, host and port are shown', async () => {
    const at = (target: string) => deskWith({ target }).desk.vanished('acme', never);
    const [one, other] = [
      await at('https://acme.example/t/first/scim'),
      await at('https://acme.example/t/second/scim'),
    ];
    expect([one.target, other.target]).toEqual(['https://acme.example', 'https://acme.example']);
    expect(one.digest).not.toBe(other.digest);
  });

  test('cannot be told when one resource gives no answer, and what was found until then is said', async () => {
    const provider: ServiceProvider = {
      ...fakeProvider({}),
      readAccount: async (id) => {
        if (id !== 'id-eve') return undefined;
        throw new TransientError('no answer', { status: 503, requestId: 'r-1' });
      },
    };
    const { desk, forgotten } = deskWith({ provider });
    const refused = {
      name: 'IncompleteReadError',
      message:
        'what is gone cannot be told (2 linked resources were not found and 0 were, asked one by one): no answer',
      facts: { status: 503, requestId: 'r-1', remedy: expect.stringContaining('nothing was forgotten') },
    };
    await expect(desk.vanished('acme', never)).rejects.toMatchObject(refused);
    await expect(desk.forgetVanished({ ...decision, digest: 'abcdef12' }, never)).rejects.toMatchObject(refused);
    expect(forgotten).toEqual([]);
  });

  test.each<[when: string, found: Found, code: string]>([
    ['the connection was switched off', { state: { switchedOffAt: 1 } }, 'connection-off'],
    ['a migration is open', { migration: 'm-1' }, 'migration-open'],
    ['a cycle is open', { cycle: 'c-1' }, 'cycle-open'],
  ])('is not asked while %s', async (_when, found, code) => {
    const { desk, forgotten } = deskWith(found);
    await expect(desk.vanished('acme', never)).rejects.toMatchObject({ code });
    await expect(desk.forgetVanished({ ...decision, digest: 'abcdef12' }, never)).rejects.toMatchObject({ code });
    expect(forgotten).toEqual([]);
  });
});

describe('forgetting what is gone', () => {
  test('forgets exactly what the digest is about, and keeps who, why and how much', async () => {
    const { desk, forgotten } = deskWith();
    const { digest, gone } = await desk.vanished('acme', never);
    await desk.forgetVanished({ ...decision, digest: digest.slice(0, 8) }, never);
    const subject = `3 accounts, 1 SCIM group (digest ${digest.slice(0, 12)})`;
    expect(forgotten).toEqual([['acme', gone, { subject, at: NOW, by: 'ada', reason: 'built anew' }]]);
  });

  test('is refused when something else is gone by then', async () => {
    const { digest } = await deskWith().desk.vanished('acme', never);
    const provider = fakeProvider({ accounts: [anAccount('id-bob', 'bob@contoso.com')] });
    const { desk, forgotten } = deskWith({ provider });
    await expect(desk.forgetVanished({ ...decision, digest }, never)).rejects.toMatchObject({
      code: 'plan-stale',
      message: expect.stringContaining('2 accounts and 1 SCIM group'),
    });
    expect(forgotten).toEqual([]);
  });

  test.each<[what: string, reloaded: Pick<Found, 'target' | 'tenant'>]>([
    ['provider URL', { target: 'https://right.example/scim/v2' }],
    ['tenant', { tenant: 'fabrikam' }],
  ])('is refused when a reload brings another %s while it reads', async (what, reloaded) => {
    let armed = false;
    const typo: Found = {
      provider: {
        ...fakeProvider({}),
        readAccount: async () => {
          if (armed) Object.assign(now, reloaded);
          return undefined;
        },
      },
    };
    const now: { -readonly [key in keyof Found]: Found[key] } = {};
    const { desk, forgotten } = deskWith(typo, now);
    const { digest } = await desk.vanished('acme', never);
    armed = true;
    await expect(desk.forgetVanished({ ...decision, digest }, never)).rejects.toMatchObject({
      code: 'plan-stale',
      message: `the configuration of acme has another ${what} since the provider was read`,
      facts: { remedy: expect.stringContaining('nothing was forgotten') },
    });
    expect(forgotten).toEqual([]);
  });

  test('is refused when nothing is gone', async () => {
    const links = LINKS.filter(({ resource, state }) => resource === 'account' && state !== 'deleted');
    const provider: ServiceProvider = {
      ...fakeProvider({ accounts: links.map(({ resourceId, label }) => anAccount(resourceId, label)) }),
      readGroup: async (id) => ({ id, displayName: 'Crew', members: [], body: {} }),
    };
    const { desk, forgotten } = deskWith({ provider });
    const found = await desk.vanished('acme', never);
    expect(found.gone).toEqual([]);
    await expect(desk.forgetVanished({ ...decision, digest: found.digest }, never)).rejects.toMatchObject({
      code: 'plan-stale',
    });
    expect(forgotten).toEqual([]);
  });
});

test('links are listed page by page, each page telling where the next begins', async () => {
  const { desk } = deskWith();
  const first = await desk.list('acme', { limit: 3 });
  expect(first).toMatchObject({
    links: [{ anchor: 'ada' }, { anchor: 'bob' }, { anchor: 'eve' }],
    next: 'account:eve',
  });
  const rest = await desk.list('acme', { after: 'account:eve', limit: 3 });
  expect(rest.links.map(({ anchor }) => anchor)).toEqual(['old', 'crew']);
  expect(rest.next).toBeUndefined();
});
