import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createScimProvider } from '../../../src/adapters/scim/provider.ts';
import { readPath } from '../../../src/core/scim-path.ts';
import type { ServiceProvider } from '../../../src/ports/service-provider.ts';
import { startScimmy, type ScimmyServer } from '../../scimmy-server.ts';
import {
  aProfile,
  failure,
  IMPATIENT,
  never,
  recorder,
  resolveNone,
  resolver,
  toChange,
  toCreate,
  toCreateGroup,
  toMembers,
  toRemove,
  TOKEN,
} from './builders.ts';

// A SCIM server that nobody of this project wrote, with all its peculiarities.
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const FIVE = aProfile({ paging: { pageSize: 5 } });
let provider: ServiceProvider;
let server: ScimmyServer;

beforeAll(async () => {
  server = await startScimmy(TOKEN);
  const { log, metrics } = recorder();
  provider = createScimProvider({
    connection: 'scimmy',
    url: server.url,
    profile: FIVE,
    credential: { kind: 'bearer', token: async () => TOKEN },
    patience: IMPATIENT,
    log,
    metrics,
    now: Date.now,
  });
});
afterAll(async () => {
  await provider.close();
  await server.close();
});
beforeEach(() => {
  server.users.clear();
  server.groups.clear();
});

async function create(name: string, more: Record<string, string> = {}) {
  const made = await provider.apply(
    toCreate({ userName: name, externalId: `ext-${name}`, active: true, ...more }),
    resolveNone,
    never,
  );
  return made.resourceId ?? '';
}

describe('against scimmy-routers', () => {
  test('the check finds nothing wrong', async () => {
    for (const name of ['a', 'b', 'c']) await create(name);
    expect((await provider.check(never)).filter(({ ok }) => !ok)).toEqual([]);
  });

  test('a listing over several pages is trusted', async () => {
    for (let n = 0; n < 23; n += 1) await create(`user-${n}`);
    const listing = await provider.listAccounts(never);
    expect([listing.trusted, listing.doubts, listing.resources.length]).toEqual([true, [], 23]);
  });

  test('an account lives: created, found, changed, disabled, reactivated, deleted', async () => {
    const id = await create('ada@x.org', {
      displayName: 'Ada',
      'name.givenName': 'Ada',
      'name.familyName': 'L',
      'emails[type eq "work"].value': 'ada@x.org',
      [`${ENTERPRISE}:department`]: 'Engines',
    });
    expect(await provider.findAccounts({ attribute: 'userName', value: 'ada@x.org' }, never)).toMatchObject([{ id }]);
    expect(await provider.findAccounts({ attribute: 'externalId', value: 'ext-ada@x.org' }, never)).toMatchObject([
      { id },
    ]);
    const changes = [
      { path: 'name.givenName', before: 'Ada', after: 'Augusta' },
      { path: 'displayName', before: 'Ada', after: null },
      { path: `${ENTERPRISE}:department`, before: 'Engines', after: 'Poetry' },
      { path: 'emails[type eq "work"].value', before: 'ada@x.org', after: 'augusta@x.org' },
      { path: 'phoneNumbers[type eq "mobile"].value', before: null, after: '+44 1' },
    ];
    await provider.apply(toChange(id, changes), resolveNone, never);
    expect(await provider.settle(toChange(id, changes), resolveNone, never)).toMatchObject({ resourceId: id });
    const body = (await provider.readAccount(id, never))?.body ?? {};
    for (const { path, after } of changes) expect([path, readPath(body, path) ?? null]).toEqual([path, after]);
    expect(readPath(body, 'name.familyName')).toBe('L');
    await provider.apply(toRemove('disable', id), resolveNone, never);
    expect(await provider.readAccount(id, never)).toMatchObject({ active: false });
    await provider.apply(toChange(id, [], 'reactivate'), resolveNone, never);
    expect(await provider.readAccount(id, never)).toMatchObject({ active: true });
    expect(await provider.apply(toRemove('delete', id), resolveNone, never)).toMatchObject({ resourceId: null });
    expect(await provider.apply(toRemove('delete', id), resolveNone, never)).toMatchObject({ note: 'gone-already' });
  });

  test('a taken name is adopted when it is ours and a conflict when it is not', async () => {
    const id = await create('ada');
    expect(await create('ada')).toBe(id);
    const other = toCreate({ userName: 'ADA', externalId: 'somebody-else' });
    expect(await failure(provider.apply(other, resolveNone, never))).toMatchObject({ name: 'ConflictError' });
    expect(server.users.all().length).toBe(1);
  });

  test('a group lives: created empty, filled, thinned out, emptied, deleted', async () => {
    const ids: Record<string, string> = {};
    for (const name of ['a', 'b', 'c']) ids[name] = await create(name);
    const made = await provider.apply(toCreateGroup('IT'), resolveNone, never);
    const group = made.resourceId ?? '';
    const resolve = resolver({ ...ids, 'group-1': group });
    const members = async () => [...((await provider.readGroup(group, never))?.members ?? [])].sort();
    await provider.apply(toMembers(['a', 'b', 'c'], []), resolve, never);
    expect(await members()).toEqual(Object.values(ids).sort());
    await provider.apply(toMembers([], [{ anchor: 'a', resourceId: ids['a'] ?? '' }]), resolve, never);
    expect(await members()).toEqual([ids['b'], ids['c']]);
    const rest = ['b', 'c'].map((anchor) => ({ anchor, resourceId: ids[anchor] ?? '' }));
    await provider.apply(toMembers([], rest), resolve, never);
    expect(await members()).toEqual([]);
    const { resourceId } = await provider.apply(
      { ...toCreateGroup('IT'), kind: 'delete', resourceId: group },
      resolve,
      never,
    );
    expect(resourceId).toBeNull();
    expect(server.users.all().length).toBe(3);
  });
});
