import { expect, test } from 'vitest';
import {
  accountBody,
  create,
  groupBody,
  listedIds,
  patchBody,
  textAt,
  valueAt,
  withProvider,
  type Rig,
} from './scim-client.ts';
import { FAULTS, type FaultName } from '../../../src/sandbox/provider/faults.ts';

const FILTER = `?filter=${encodeURIComponent('userName eq "u1"')}`;

function fill(rig: Rig, count: number): string[] {
  return Array.from({ length: count }, (_, index) => create(rig.provider, accountBody(`u${index + 1}`)));
}

async function filterStatus(rig: Rig, filter: string): Promise<number> {
  return (await rig.send('GET', `/Users?filter=${encodeURIComponent(filter)}`)).status;
}

async function memberValues(rig: Rig, group: string): Promise<unknown> {
  const members = (await rig.send('GET', `/Groups/${group}`)).body['members'];
  return Array.isArray(members) ? members.map((member) => valueAt(member, 'value')) : members;
}

/** How each fault shows. The type makes a fault without a row a compile error. */
const SHOWS: Readonly<Record<FaultName, (rig: Rig) => Promise<void>>> = {
  async throttle(rig) {
    rig.provider.faults.set({ fault: 'throttle', value: 7, times: 1 });
    expect((await rig.send('GET', '/Users')).headers).toMatchObject({ 'retry-after': '7' });
    rig.provider.faults.set({ fault: 'throttle', value: 'date', times: 1 });
    const dated = await rig.send('POST', '/Users', accountBody('x'));
    expect(dated.status).toBe(429);
    expect(Date.parse(dated.headers['retry-after'] ?? '')).toBeGreaterThan(Date.now());
    rig.provider.faults.set({ fault: 'throttle', value: 'none', times: 1 });
    expect((await rig.send('GET', '/Users')).headers).not.toHaveProperty('retry-after');
    rig.provider.faults.set({ fault: 'throttle', value: 'x-header', times: 1 });
    const odd = await rig.send('GET', '/Users');
    expect([odd.headers['x-retry-after'], odd.text]).toEqual(['10', 'Rate limit exceeded']);
    expect(rig.provider.accounts.size).toBe(0);
  },
  async unavailable(rig) {
    rig.provider.faults.set({ fault: 'unavailable', value: 3 });
    const answer = await rig.send('POST', '/Users', accountBody('x'));
    expect([answer.status, answer.headers['retry-after'], rig.provider.accounts.size]).toEqual([503, '3', 0]);
  },
  async htmlBody(rig) {
    rig.provider.faults.set({ fault: 'htmlBody' });
    const answer = await rig.send('POST', '/Users', accountBody('x'));
    expect([answer.status, rig.provider.accounts.size]).toEqual([502, 0]);
    expect(answer.text).toContain('<html>');
  },
  async failBefore(rig) {
    rig.provider.faults.set({ fault: 'failBefore', value: 504 });
    expect((await rig.send('POST', '/Users', accountBody('x'))).status).toBe(504);
    expect(rig.provider.accounts.size).toBe(0);
  },
  async slow(rig) {
    // Long enough that only closing the provider can end it: the wait is real, and does not outlive the provider.
    rig.provider.faults.set({ fault: 'slow', value: 3_600_000, path: '^/Users' });
    const waiting = rig.send('GET', '/Users').then(
      () => 'answered',
      () => 'broken',
    );
    expect((await rig.send('GET', '/Groups')).status).toBe(200);
    await rig.provider.close();
    expect(await waiting).toBe('broken');
  },
  async resetBefore(rig) {
    rig.provider.faults.set({ fault: 'resetBefore', times: 1 });
    await expect(rig.send('POST', '/Users', accountBody('x'))).rejects.toThrow('fetch failed');
    expect(rig.provider.accounts.size).toBe(0);
    expect(rig.provider.requests()).toMatchObject([{ method: 'POST', status: 0, applied: false }]);
  },
  async expiredToken(rig) {
    rig.provider.faults.set({ fault: 'expiredToken' });
    const answer = await rig.send('GET', '/Users');
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('invalid_token');
  },
  async forbidden(rig) {
    rig.provider.faults.set({ fault: 'forbidden' });
    expect((await rig.send('GET', '/Users')).status).toBe(403);
  },
  async resourceLocked429(rig) {
    const [id] = fill(rig, 1);
    rig.provider.faults.set({ fault: 'resourceLocked429', value: 5 });
    const answer = await rig.send('PATCH', `/Users/${id}`, patchBody({ op: 'replace', path: 'title', value: 'x' }));
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '5']);
    expect(answer.body).toMatchObject({ detail: 'resource_locked', status: 429 });
    expect((await rig.send('GET', `/Users/${id}`)).body).not.toHaveProperty('title');
  },
  async failAfter(rig) {
    rig.provider.faults.set({ fault: 'failAfter', times: 1 });
    expect((await rig.send('POST', '/Users', accountBody('x'))).status).toBe(500);
    expect((await rig.send('POST', '/Users', accountBody('x'))).body).toMatchObject({ scimType: 'uniqueness' });
    expect(rig.provider.requests()).toMatchObject([
      { status: 500, applied: true },
      { status: 409, applied: false },
    ]);
  },
  async htmlAfter(rig) {
    rig.provider.faults.set({ fault: 'htmlAfter' });
    expect((await rig.send('POST', '/Users', accountBody('x'))).status).toBe(502);
    expect(rig.provider.accounts.size).toBe(1);
  },
  async resetAfter(rig) {
    rig.provider.faults.set({ fault: 'resetAfter', times: 1 });
    await expect(rig.send('POST', '/Users', accountBody('x'))).rejects.toThrow('fetch failed');
    expect(rig.provider.accounts.size).toBe(1);
    expect(rig.provider.requests()).toMatchObject([{ status: 0, applied: true }]);
  },
  async accepted202(rig) {
    rig.provider.faults.set({ fault: 'accepted202' });
    const answer = await rig.send('POST', '/Users', accountBody('x'));
    expect([answer.status, answer.text, rig.provider.accounts.size]).toEqual([202, '', 1]);
  },
  async nonAtomic500(rig) {
    const [id] = fill(rig, 1);
    rig.provider.faults.set({ fault: 'nonAtomic500' });
    const operations = ['title', 'nickName', 'locale'].map((path) => ({ op: 'replace', path, value: 'x' }));
    expect((await rig.send('PATCH', `/Users/${id}`, patchBody(...operations))).status).toBe(500);
    const { body } = await rig.send('GET', `/Users/${id}`);
    expect([body['title'], body['nickName'], body['locale']]).toEqual(['x', 'x', undefined]);
  },
  async ignoreStartIndex(rig) {
    const ids = fill(rig, 5);
    rig.provider.faults.set({ fault: 'ignoreStartIndex' });
    const page = await rig.send('GET', '/Users?startIndex=3&count=2');
    expect(listedIds(page)).toEqual(ids.slice(0, 2));
    expect(page.body).toMatchObject({ startIndex: 1, totalResults: 5 });
  },
  async repeatPage(rig) {
    const ids = fill(rig, 5);
    rig.provider.faults.set({ fault: 'repeatPage' });
    const page = await rig.send('GET', '/Users?startIndex=3&count=2');
    expect(listedIds(page)).toEqual(ids.slice(0, 2));
    expect(page.body['startIndex']).toBe(3);
  },
  async wrapBeyondEnd(rig) {
    const ids = fill(rig, 3);
    rig.provider.faults.set({ fault: 'wrapBeyondEnd' });
    expect(listedIds(await rig.send('GET', '/Users?startIndex=99&count=2'))).toEqual(ids.slice(0, 2));
    expect(listedIds(await rig.send('GET', '/Users?startIndex=3&count=2'))).toEqual(ids.slice(2));
  },
  async capN(rig) {
    fill(rig, 5);
    rig.provider.faults.set({ fault: 'capN', value: 2 });
    expect((await rig.send('GET', '/Users?count=100')).body).toMatchObject({ itemsPerPage: 2, totalResults: 5 });
  },
  async listShort(rig) {
    const ids = fill(rig, 5);
    rig.provider.faults.set({ fault: 'listShort', value: 2 });
    const page = await rig.send('GET', '/Users');
    expect([listedIds(page), page.body['totalResults']]).toEqual([ids.slice(0, 3), 5]);
    expect(listedIds(await rig.send('GET', '/Users?startIndex=4'))).toEqual([]);
  },
  async lyingTotalResults(rig) {
    fill(rig, 3);
    rig.provider.faults.set({ fault: 'lyingTotalResults', value: -2 });
    expect((await rig.send('GET', '/Users')).body).toMatchObject({ totalResults: 1, itemsPerPage: 3 });
  },
  async synthesisUser(rig) {
    fill(rig, 3);
    rig.provider.faults.set({ fault: 'synthesisUser' });
    expect(listedIds(await rig.send('GET', '/Users'))).toEqual(['synthesis_user']);
    expect((await rig.send('GET', `/Users${FILTER}`)).body['totalResults']).toBe(1);
  },
  async deletedStillListed(rig) {
    const ids = fill(rig, 3);
    await rig.send('DELETE', `/Users/${ids[1]}`);
    rig.provider.faults.set({ fault: 'deletedStillListed' });
    expect(listedIds(await rig.send('GET', '/Users'))).toEqual([ids[0], ids[2], ids[1]]);
    expect((await rig.send('GET', `/Users/${ids[1]}`)).status).toBe(404);
  },
  async cursorOnly(rig) {
    const ids = fill(rig, 5);
    rig.provider.faults.set({ fault: 'cursorOnly' });
    const first = await rig.send('GET', '/Users?count=3');
    const second = await rig.send('GET', `/Users?count=3&cursor=${textAt(first.body, 'nextCursor')}`);
    expect([...listedIds(first), ...listedIds(second)]).toEqual(ids);
    expect(second.body).not.toHaveProperty('nextCursor');
    expect((await rig.send('GET', '/Users?cursor=made-up')).body['scimType']).toBe('invalidCursor');
  },
  async expireCursor(rig) {
    fill(rig, 5);
    rig.provider.faults.set({ fault: 'cursorOnly' });
    rig.provider.faults.set({ fault: 'expireCursor' });
    const first = await rig.send('GET', '/Users?count=3');
    const next = await rig.send('GET', `/Users?count=3&cursor=${textAt(first.body, 'nextCursor')}`);
    expect(next.body).toMatchObject({ status: '400', scimType: 'expiredCursor' });
  },
  async silentEmpty(rig) {
    fill(rig, 3);
    rig.provider.faults.set({ fault: 'silentEmpty', value: 'userName' });
    expect((await rig.send('GET', `/Users${FILTER}`)).body).toMatchObject({ totalResults: 0 });
    expect((await rig.send('GET', '/Users?filter=active%20eq%20true')).body['totalResults']).toBe(3);
  },
  async silentAll(rig) {
    const ids = fill(rig, 3);
    rig.provider.faults.set({ fault: 'silentAll' });
    expect(listedIds(await rig.send('GET', `/Users${FILTER}`))).toEqual(ids);
  },
  async eqOnly(rig) {
    rig.provider.faults.set({ fault: 'eqOnly' });
    expect(await filterStatus(rig, 'userName eq "a"')).toBe(200);
    expect(await filterStatus(rig, 'userName sw "a"')).toBe(400);
    expect(await filterStatus(rig, 'userName eq "a" and active eq true')).toBe(400);
  },
  async rejectValuePath(rig) {
    rig.provider.faults.set({ fault: 'rejectValuePath' });
    expect(await filterStatus(rig, 'emails[value eq "a"]')).toBe(400);
    expect(await filterStatus(rig, 'emails.value eq "a"')).toBe(200);
  },
  async noUnescape(rig) {
    rig.provider.faults.set({ fault: 'noUnescape' });
    expect(await filterStatus(rig, 'userName eq "a\\"b"')).toBe(400);
  },
  async membersHidden(rig) {
    const group = create(rig.provider, groupBody('G', fill(rig, 2)));
    rig.provider.faults.set({ fault: 'membersHidden' });
    expect((await rig.send('GET', `/Groups/${group}`)).body).not.toHaveProperty('members');
    expect((await rig.send('GET', '/Groups')).text).not.toContain('members');
    expect((await rig.send('GET', '/Groups?attributes=displayName,members')).text).not.toContain('members');
    expect((await rig.send('GET', '/Groups')).text).toContain('displayName');
  },
  async duplicateMembers(rig) {
    const [id = ''] = fill(rig, 1);
    const group = create(rig.provider, groupBody('G', [id]));
    rig.provider.faults.set({ fault: 'duplicateMembers' });
    await rig.send('PATCH', `/Groups/${group}`, patchBody({ op: 'add', path: 'members', value: [{ value: id }] }));
    expect(await memberValues(rig, group)).toEqual([id, id]);
  },
  async mergeOnReplace(rig) {
    const [one = '', two = ''] = fill(rig, 2);
    const group = create(rig.provider, groupBody('G', [one]));
    rig.provider.faults.set({ fault: 'mergeOnReplace' });
    await rig.send('PATCH', `/Groups/${group}`, patchBody({ op: 'replace', path: 'members', value: [{ value: two }] }));
    expect(await memberValues(rig, group)).toEqual([one, two]);
  },
  async emptyRemoveWipes(rig) {
    const group = create(rig.provider, groupBody('G', fill(rig, 2)));
    const body = patchBody({ op: 'remove', path: 'members', value: [] });
    expect((await rig.send('PATCH', `/Groups/${group}`, body)).status).toBe(400);
    rig.provider.faults.set({ fault: 'emptyRemoveWipes' });
    expect((await rig.send('PATCH', `/Groups/${group}`, body)).status).toBe(204);
    expect(await memberValues(rig, group)).toBeUndefined();
  },
  async maxMembers(rig) {
    const value = fill(rig, 3).map((id) => ({ value: id }));
    const group = create(rig.provider, groupBody('G'));
    rig.provider.faults.set({ fault: 'maxMembers', value: 2 });
    const tooMany = await rig.send('PATCH', `/Groups/${group}`, patchBody({ op: 'add', path: 'members', value }));
    expect([tooMany.status, await memberValues(rig, group)]).toEqual([400, undefined]);
    const few = patchBody({ op: 'add', path: 'members', value: value.slice(0, 2) });
    expect((await rig.send('PATCH', `/Groups/${group}`, few)).status).toBe(204);
  },
  async onlyScimUsersListed(rig) {
    fill(rig, 2);
    await rig.send('POST', '/Users', accountBody('made-by-scim'));
    const total = async (query: string) => (await rig.send('GET', `/Users${query}`)).body['totalResults'];
    expect(await total('')).toBe(3);
    rig.provider.faults.set({ fault: 'onlyScimUsersListed' });
    expect([await total(''), await total(FILTER), await total('?scim_provisioned_only=false')]).toEqual([1, 0, 3]);
    // The name is taken all the same.
    expect((await rig.send('POST', '/Users', accountBody('u1'))).status).toBe(409);
  },
  async multiMemberRefused(rig) {
    const ids = fill(rig, 3);
    const group = create(rig.provider, groupBody('G'));
    rig.provider.faults.set({ fault: 'multiMemberRefused' });
    const add = (members: readonly string[]) =>
      patchBody({ op: 'add', path: 'members', value: members.map((value) => ({ value })) });
    expect((await rig.send('PATCH', `/Groups/${group}`, add(ids))).body).toMatchObject({ scimType: 'tooMany' });
    for (const id of ids) expect((await rig.send('PATCH', `/Groups/${group}`, add([id]))).status).toBe(204);
    const removals = ids.slice(1).map((id) => ({ op: 'remove', path: `members[value eq "${id}"]` }));
    expect((await rig.send('PATCH', `/Groups/${group}`, patchBody(...removals))).status).toBe(400);
    expect(await memberValues(rig, group)).toEqual(ids);
  },
  async groupDeleteCascades(rig) {
    const group = create(rig.provider, groupBody('G', fill(rig, 2)));
    const empty = create(rig.provider, groupBody('E'));
    rig.provider.faults.set({ fault: 'groupDeleteCascades' });
    expect((await rig.send('DELETE', `/Groups/${empty}`)).status).toBe(204);
    expect(rig.provider.accounts.size).toBe(2);
    expect((await rig.send('DELETE', `/Groups/${group}`)).status).toBe(204);
    expect(rig.provider.accounts.size).toBe(0);
  },
  async lastGroupTakesAccount(rig) {
    const [both = '', one = ''] = fill(rig, 3);
    const group = create(rig.provider, groupBody('G', [both, one]));
    create(rig.provider, groupBody('H', [both]));
    rig.provider.faults.set({ fault: 'lastGroupTakesAccount' });
    const out = [both, one].map((id) => ({ op: 'remove', path: `members[value eq "${id}"]` }));
    await rig.send('PATCH', `/Groups/${group}`, patchBody(...out));
    expect(rig.provider.accounts.get(one)).toBeUndefined();
    // Still in another group; and the third was never in any.
    expect(rig.provider.accounts.size).toBe(2);
  },
  async idChangesOnRename(rig) {
    const [id = ''] = fill(rig, 1);
    const group = create(rig.provider, groupBody('G', [id]));
    rig.provider.faults.set({ fault: 'idChangesOnRename' });
    await rig.send('PATCH', `/Users/${id}`, patchBody({ op: 'replace', path: 'title', value: 'Dr' }));
    const renamed = await rig.send(
      'PATCH',
      `/Users/${id}`,
      patchBody({ op: 'replace', path: 'userName', value: 'u9' }),
    );
    const next = textAt(renamed.body, 'id');
    expect(next).not.toBe(id);
    expect((await rig.send('GET', `/Users/${id}`)).status).toBe(404);
    expect((await rig.send('GET', `/Users/${next}`)).body).toMatchObject({ userName: 'u9', title: 'Dr' });
    expect(await memberValues(rig, group)).toEqual([next]);
  },
  async idNeedsEncoding(rig) {
    rig.provider.faults.set({ fault: 'idNeedsEncoding' });
    const id = textAt((await rig.send('POST', '/Users', accountBody('x'))).body, 'id');
    expect(encodeURIComponent(id)).not.toBe(id);
    // Put into a URL as it is, it asks for something else.
    expect((await rig.send('GET', `/Users/${id}`)).status).toBe(404);
    expect((await rig.send('GET', `/Users/${encodeURIComponent(id)}`)).body).toMatchObject({ id });
  },
  async userNameNormalised(rig) {
    rig.provider.faults.set({ fault: 'userNameNormalised' });
    const made = await rig.send('POST', '/Users', accountBody('Ada Ünique.Lovelace-Byron@Contoso.com'));
    expect(made.body['userName']).toBe('adanique.lovelace-byr');
    const other = await rig.send('POST', '/Users', accountBody('Ada Ünique.Lovelace-Byrne@Contoso.com'));
    expect(other.body).toMatchObject({ scimType: 'uniqueness' });
  },
  async caseSensitive(rig) {
    fill(rig, 1);
    expect((await rig.send('POST', '/Users', accountBody('U1'))).status).toBe(409);
    rig.provider.faults.set({ fault: 'caseSensitive' });
    expect((await rig.send('GET', `/Users?filter=${encodeURIComponent('userName eq "U1"')}`)).body).toMatchObject({
      totalResults: 0,
    });
    expect((await rig.send('POST', '/Users', accountBody('U1'))).status).toBe(201);
    expect((await rig.send('POST', '/Users', accountBody('U1'))).status).toBe(409);
  },
  async activeFalseDeletes(rig) {
    const [id = ''] = fill(rig, 1);
    rig.provider.faults.set({ fault: 'activeFalseDeletes' });
    const off = patchBody({ op: 'replace', path: 'active', value: false });
    expect((await rig.send('PATCH', `/Users/${id}`, off)).status).toBe(204);
    expect((await rig.send('GET', `/Users/${id}`)).status).toBe(404);
  },
  async deleteIrreversible(rig) {
    const [id = ''] = fill(rig, 1);
    rig.provider.faults.set({ fault: 'deleteIrreversible' });
    expect((await rig.send('DELETE', `/Users/${id}`)).status).toBe(204);
    rig.provider.faults.clear();
    rig.provider.restore(rig.provider.snapshot());
    expect((await rig.send('POST', '/Users', accountBody('U1'))).body).toMatchObject({ scimType: 'uniqueness' });
    expect((await rig.send('POST', '/Users', accountBody('u2'))).status).toBe(201);
  },
  async lastOwnerRefused(rig) {
    const [owner = '', admin = '', other = ''] = fill(rig, 3);
    rig.provider.addToken({ secret: 'another', owner: 'U1' });
    rig.provider.faults.set({ fault: 'lastOwnerRefused', value: 'u2' });
    const off = patchBody({ op: 'replace', path: 'active', value: false });
    expect((await rig.send('PATCH', `/Users/${owner}`, off)).status).toBe(403);
    expect((await rig.send('DELETE', `/Users/${owner}`)).status).toBe(403);
    expect((await rig.send('DELETE', `/Users/${admin}`)).status).toBe(403);
    expect((await rig.send('DELETE', `/Users/${other}`)).status).toBe(204);
    expect(rig.provider.canSignIn('u1')).toBe(true);
  },
  async uniqueGroupNames(rig) {
    create(rig.provider, groupBody('G'));
    create(rig.provider, groupBody('g'));
    rig.provider.faults.set({ fault: 'uniqueGroupNames' });
    const answer = await rig.send('POST', '/Groups', groupBody('G'));
    expect(answer.body).toMatchObject({ status: '409', scimType: 'uniqueness' });
  },
  async noRename(rig) {
    const group = create(rig.provider, groupBody('G'));
    rig.provider.faults.set({ fault: 'noRename' });
    const body = patchBody({ op: 'replace', path: 'displayName', value: 'H' });
    expect((await rig.send('PATCH', `/Groups/${group}`, body)).body).toMatchObject({ scimType: 'mutability' });
  },
  async intStatus(rig) {
    rig.provider.faults.set({ fault: 'intStatus' });
    expect((await rig.send('GET', '/Users/nobody')).body['status']).toBe(404);
  },
  async bogusEtag(rig) {
    const [id] = fill(rig, 1);
    rig.provider.faults.set({ fault: 'bogusEtag' });
    const answer = await rig.send('GET', `/Users/${id}`);
    expect(answer.headers['etag']).not.toBe(valueAt(answer.body, 'meta.version'));
  },
  async spcUnauthenticated(rig) {
    const stranger = { authorization: 'Bearer stranger' };
    expect((await rig.send('GET', '/ServiceProviderConfig', undefined, stranger)).status).toBe(401);
    rig.provider.faults.set({ fault: 'spcUnauthenticated' });
    expect((await rig.send('GET', '/ServiceProviderConfig', undefined, stranger)).status).toBe(200);
    expect((await rig.send('GET', '/Users', undefined, stranger)).status).toBe(401);
  },
};

test.each(Object.entries(SHOWS))('the fault %s shows', async (name, shows) => {
  expect(Object.keys(FAULTS)).toContain(name);
  await withProvider({}, shows);
});
