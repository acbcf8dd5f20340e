import { afterEach, describe, expect, test } from 'vitest';
import { type Fact, judgeObservations } from '../../../src/core/experiment.ts';
import type { ProfileName } from '../../../src/core/profile.ts';
import { profileByName } from '../../../src/adapters/scim/profiles/profile-by-name.ts';
import type { ProviderOptions, SandboxProvider } from '../../../src/sandbox/provider/provider.ts';
import type { SeenRequest } from '../../../src/sandbox/provider/request-log.ts';
import { idIn, never, resources } from './builders.ts';

const opened = resources();
afterEach(() => opened.close());

const PEOPLE = ['ada', 'grace', 'edsger'].map((name) => `${name}@example.com`);

/** A provider with three people in a group, which nothing may ever happen to. */
async function inhabited(options: ProviderOptions = {}): Promise<SandboxProvider> {
  const sandbox = await opened.sandbox(options);
  const ids = PEOPLE.map((userName) => {
    const made = sandbox.change('POST', '/Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName,
      externalId: userName,
      displayName: userName,
      name: { givenName: 'A', familyName: 'B' },
      emails: [{ type: 'work', value: userName, primary: true }],
      active: true,
    });
    return idIn(made);
  });
  sandbox.change('POST', '/Groups', {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: 'Crew',
    externalId: 'crew',
    members: ids.map((value) => ({ value })),
  });
  return sandbox;
}

/** Everything there that nobody made for an experiment. */
function others({ accounts, groups }: SandboxProvider) {
  return [...accounts.all(), ...groups.all()].filter(
    (resource) => !/"(?:userName|displayName)":"headgate-probe-/.test(JSON.stringify(resource)),
  );
}

const isChange = ({ method }: SeenRequest): boolean => method !== 'GET';
const targetOf = ({ path }: SeenRequest): string | undefined => /\/(?:Users|Groups)\/([^/]+)$/.exec(path)?.[1];

/** What stays at the provider of what was made, as ids. */
function remains(sandbox: SandboxProvider): readonly unknown[] {
  const theirs = new Set(others(sandbox).map(({ id }) => id));
  return [...sandbox.accounts.all(), ...sandbox.groups.all()].map(({ id }) => id).filter((id) => !theirs.has(id));
}

/** One experiment. Whatever it is about, nothing that was there before may be written to or changed. */
async function experiment(
  profile: ProfileName,
  options: ProviderOptions = {},
  {
    stop = never,
    prepare = () => undefined,
  }: { stop?: AbortSignal; prepare?: (sandbox: SandboxProvider) => void } = {},
) {
  const sandbox = await inhabited({ behaviour: 'generic', ...options });
  const client = opened.client(sandbox.url, { profile: profileByName(profile) });
  const before = others(sandbox);
  prepare(sandbox);
  sandbox.clearRequests();
  const result = await client.experiment('probe.invalid', stop);
  sandbox.faults.clear();
  expect(others(sandbox)).toEqual(before);
  const theirs = new Set(before.map(({ id }) => id));
  const targets = [...result.writes.map(({ id }) => id), ...sandbox.requests().filter(isChange).map(targetOf)];
  expect(targets.filter((id) => id !== undefined && theirs.has(id))).toEqual([]);
  expect(sandbox.requests().filter(isChange)).toHaveLength(result.writes.length);
  const findings = judgeObservations(profileByName(profile), result.observations);
  const different = findings.filter(({ verdict }) => verdict === 'differs');
  const differs = different.map(({ fact }) => fact);
  const differences = Object.fromEntries(different.map((finding) => [finding.fact, finding.found]));
  const found = (fact: Fact) => findings.find((each) => each.fact === fact)?.found;
  return { sandbox, result, findings, differs, differences, found };
}

describe('a provider that is as its profile says', () => {
  test.each([
    ['generic', [], []],
    ['entra-legacy', [], []],
    ['salesforce', [], []],
    ['monday', [], []],
    ['uniqkey', [], ['disable.reactivate']],
    // The emulation has groups; nobody knows of any at the real one.
    ['own', ['group.create'], []],
    ['aws-identity-center', [], ['account.primary']],
    ['github-emu', [], ['account.primary']],
    ['atlassian', [], []],
    // The documentation promises userName only; the emulation takes any one attribute.
    ['slack', ['filter.externalId'], []],
  ] as const)('%s', async (profile, expected, hidden) => {
    const { result, findings, differs } = await experiment(profile, { behaviour: profile });
    expect([result.ended, result.failure]).toEqual(['complete', undefined]);
    expect(differs).toEqual(expected);
    const untold = findings.filter(({ verdict }) => verdict === 'untold').map(({ fact }) => fact);
    expect(untold).toEqual([...hidden, 'wire.retryAfter']);
  });
});

describe('a provider taken for a generic one shows where it is not', () => {
  test.each([
    ['salesforce', { 'delete.means': 'suspended' }],
    ['slack', { 'account.userNameKept': false, 'filter.and': false, 'delete.means': 'suspended' }],
    ['aws-identity-center', { 'account.primary': false, 'group.membersReadable': 'by-user-filter' }],
    [
      'uniqkey',
      { 'filter.and': false, 'disable.means': 'gone', 'disable.readable': false, 'group.deleteCascades': true },
    ],
    ['atlassian', { 'filter.and': false, 'group.rename': false }],
    ['monday', { 'filter.and': false }],
  ] as const)('%s', async (behaviour, expected) => {
    expect((await experiment('generic', { behaviour })).differences).toEqual(expected);
  });

  test.each([
    [{ fault: 'groupDeleteCascades' }, { 'group.deleteCascades': true }],
    [{ fault: 'activeFalseDeletes' }, { 'disable.means': 'gone', 'disable.readable': false }],
    [{ fault: 'silentEmpty' }, { 'filter.userName': false, 'filter.externalId': false, 'filter.and': false }],
    [{ fault: 'silentAll' }, { 'filter.userName': false, 'filter.externalId': false, 'filter.and': false }],
    [{ fault: 'maxMembers', value: 50 }, { 'group.membersPerPatch': false }],
    [{ fault: 'multiMemberRefused' }, { 'group.membersPerPatch': false }],
    [{ fault: 'membersHidden' }, { 'group.membersReadable': 'by-user-filter' }],
    [{ fault: 'noRename' }, { 'group.rename': false }],
    [{ fault: 'lyingTotalResults' }, { 'listing.trusted': false }],
    [{ fault: 'userNameNormalised' }, { 'account.userNameKept': false }],
    [{ fault: 'idNeedsEncoding' }, {}],
  ] as const)('%o', async (fault, expected) => {
    const { differences, sandbox, result } = await experiment('generic', { faults: [fault] });
    expect(differences).toEqual(expected);
    expect([result.left, remains(sandbox)]).toEqual([[], []]);
  });

  test.each([
    [{ fault: 'deletedStillListed' }, 'delete.listed', true],
    [{ fault: 'deleteIrreversible' }, 'delete.nameFree', false],
    [{ fault: 'intStatus' }, 'wire.errors', 'SCIM error with a number as status'],
    [{ fault: 'throttle', value: 0, times: 3 }, 'wire.retryAfter', 'seconds'],
  ] as const)('%o, of which no profile says anything', async (fault, fact, seen) => {
    const { found, differences, result } = await experiment('generic', { faults: [fault] });
    expect([found(fact), differences, result.ended]).toEqual([seen, {}, 'complete']);
  });

  test('one that honours no versions and takes no PATCH by value path', async () => {
    const { found, differences } = await experiment('generic', {
      overrides: { etag: 'ignored', valuePaths: 'ineffective' },
    });
    expect(differences).toEqual({ 'patch.valuePath': false });
    expect(found('version.checked')).toBe(false);
  });

  test('one that deletes a group only when it is empty', async () => {
    const { differences, result, sandbox } = await experiment('generic', {
      overrides: { groupDelete: 'refuse-non-empty' },
    });
    expect(differences).toEqual({ 'group.delete': false });
    expect([result.left, remains(sandbox)]).toEqual([[], []]);
  });
});

describe('what it made is removed, however it ends', () => {
  test('stopped before any of its writes', async () => {
    const { result: whole } = await experiment('generic');
    for (const at of whole.writes.keys()) {
      const controller = new AbortController();
      let seen = 0;
      const beforeWrite = () => {
        if (seen === at) controller.abort();
        seen += 1;
      };
      const { result, sandbox } = await experiment(
        'generic',
        { observer: { beforeWrite } },
        { stop: controller.signal },
      );
      expect([at, result.left, remains(sandbox)]).toEqual([at, [], []]);
      expect(result.writes.length).toBeLessThanOrEqual(whole.writes.length);
    }
  });

  test.each(['resetAfter', 'failAfter', 'accepted202', 'htmlAfter'] as const)(
    'when a create was done without an answer that says so (%s)',
    async (fault) => {
      for (const path of ['^/Users', '^/Groups']) {
        const { result, sandbox } = await experiment('generic', {
          faults: [{ fault, method: 'POST', path, times: 2 }],
        });
        expect([result.left, remains(sandbox)]).toEqual([[], []]);
      }
    },
  );

  test('what cannot be removed is named by id, with what to do', async () => {
    const { result, sandbox } = await experiment('slack', { behaviour: 'slack' });
    expect(result.left.map(({ id }) => id)).toEqual(remains(sandbox));
    expect(result.left).toHaveLength(3);
    for (const each of result.left)
      expect(each).toMatchObject({
        resource: 'account',
        state: 'inactive',
        name: expect.stringMatching(/^headgate-probe-/),
      });
  });

  test('when the credential dies on the way everything is named', async () => {
    let writes = 0;
    const { result, sandbox } = await experiment(
      'generic',
      {},
      {
        prepare: (provider) =>
          provider.observe({
            beforeWrite: () => {
              writes += 1;
              if (writes === 12) provider.faults.set({ fault: 'expiredToken' });
            },
          }),
      },
    );
    expect(result.ended).toBe('failed');
    expect(result.failure).toContain('401');
    expect(new Set(result.left.map(({ id }) => id))).toEqual(new Set(remains(sandbox)));
    expect(result.left.length).toBeGreaterThan(0);
    expect(result.left.every(({ state }) => state === 'unknown')).toBe(true);
  });

  test('what an earlier one left is told and not touched', async () => {
    const sandbox = await inhabited();
    const made = sandbox.change('POST', '/Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: 'headgate-probe-before@probe.invalid',
    });
    const client = opened.client(sandbox.url);
    const { earlier } = await client.experiment('probe.invalid', never);
    expect(earlier).toEqual([{ id: made?.['id'], name: 'headgate-probe-before@probe.invalid' }]);
    expect(remains(sandbox)).toEqual([made?.['id']]);
  });
});

test('a create that is answered with the id of somebody else leads to no write to them', async () => {
  const stranger = { id: '7', userName: 'ada@example.com', displayName: 'Ada', active: true };
  const server = await opened.scripted(({ method, url }) => {
    if (method === 'POST') return { status: 201, body: stranger };
    if (url.endsWith('/Users/7')) return { status: 200, body: stranger };
    return { status: 200, body: { totalResults: 1, startIndex: 1, Resources: [stranger] } };
  });
  const { result } = { result: await opened.client(server.url).experiment('probe.invalid', never) };
  expect(result.writes.filter(({ id }) => id !== undefined)).toEqual([]);
  expect(result.writes.every(({ method }) => method === 'POST')).toBe(true);
  expect(result.left.every(({ state }) => state === 'unknown')).toBe(true);
});
