import { describe, expect, test } from 'vitest';
import type { Baseline } from '../../src/core/baseline.ts';
import type { DirectoryChanges } from '../../src/core/directory.ts';
import { TransientError } from '../../src/core/errors.ts';
import { connectionDigest } from '../../src/provisioning/connection-digest.ts';
import { prepareCycle, type Preparation } from '../../src/provisioning/prepare-cycle.ts';
import { assignUser, aUser, NOW } from '../builders.ts';
import { ProviderModel } from '../core/planning/provider-model.ts';
import { aConnection, fakeDirectory, fakeProvider, noCredentials } from './fakes.ts';
import { modelLinks } from './model-links.ts';

const WATERMARK: Baseline['watermark'] = { users: 'u', groups: 'g', selection: 's', takenAt: 0 };

/** Prepares a cycle and tells in which order the directory was read, the provider waited for aside, and read. */
async function order(how: Pick<Preparation, 'kind' | 'subject'> & { readonly changed?: readonly string[] }) {
  const seen: string[] = [];
  const fake = {
    assignments: [assignUser('ada')],
    users: { ada: aUser('ada') },
    whereabouts: { ada: 'present' },
  } as const;
  const directory = fakeDirectory(fake);
  const provider = fakeProvider({});
  const changes: DirectoryChanges = { watermark: WATERMARK, users: new Set(how.changed), groups: new Map() };
  const connection = aConnection(
    {
      ...directory,
      readUsers: async (...asked) => (seen.push('directory'), directory.readUsers(...asked)),
      readChanges: async () => changes,
      readGroupsOfUser: async () => [],
    },
    {
      ...provider,
      awaitAnswer: async () => void seen.push('answer'),
      listAccounts: async (...asked) => (seen.push('provider'), provider.listAccounts(...asked)),
      findAccounts: async (...asked) => (seen.push('provider'), provider.findAccounts(...asked)),
    },
  );
  const baseline = {
    watermark: WATERMARK,
    assignments: fake.assignments,
    again: [],
    rulesDigest: connectionDigest(connection),
  };
  await prepareCycle({
    connection,
    stores: modelLinks(new ProviderModel(), { baseline, unsettled: [] }),
    credentials: noCredentials,
    kind: how.kind,
    ...(how.subject === undefined ? {} : { subject: how.subject }),
    now: NOW,
    aside: async (wait) => {
      seen.push('aside');
      const answer = await wait();
      seen.push('back');
      return answer;
    },
    signal: new AbortController().signal,
  });
  return seen.filter((what, position) => what !== seen[position - 1]);
}

describe('where many cycles are prepared, the answer of a provider is waited for aside', () => {
  test.each(['initial', 'audit'] as const)('before an %s cycle holds the tenant in memory', async (kind) => {
    expect(await order({ kind })).toEqual(['aside', 'answer', 'back', 'directory', 'provider']);
  });

  test('once an incremental cycle knows whom to ask for', async () => {
    const seen = await order({ kind: 'incremental', changed: ['ada'] });
    expect(seen).toEqual(['directory', 'aside', 'answer', 'back', 'provider']);
  });

  test('and not by an incremental cycle in which nothing changed: it asks the provider nothing', async () => {
    const seen = await order({ kind: 'incremental' });
    expect(seen.filter((what) => what !== 'directory')).toEqual([]);
  });

  test('by a cycle on demand, too', async () => {
    const subject = { resource: 'user', anchor: 'ada', name: 'ada' } as const;
    const seen = await order({ kind: 'on-demand', subject });
    expect(seen).toEqual(['directory', 'aside', 'answer', 'back', 'provider']);
  });

  test('and when none comes the failure names the connection, which it concerns', async () => {
    const directory = fakeDirectory({ assignments: [] });
    const silent = async () => Promise.reject(new TransientError('no answer', { noAnswer: true }));
    const preparing = prepareCycle({
      connection: aConnection(directory, { ...fakeProvider({}), awaitAnswer: silent }),
      stores: modelLinks(new ProviderModel(), { baseline: undefined, unsettled: [] }),
      credentials: noCredentials,
      kind: 'initial',
      now: NOW,
      aside: (wait) => wait(),
      signal: new AbortController().signal,
    });
    await expect(preparing).rejects.toMatchObject({ facts: { connection: 'acme', noAnswer: true } });
  });
});
