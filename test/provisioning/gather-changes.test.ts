import { expect, test } from 'vitest';
import { gatherChanges } from '../../src/provisioning/gather-changes.ts';
import { assignGroup, assignUser, aUser, NOW } from '../builders.ts';
import { ProviderModel } from '../core/planning/provider-model.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';
import { modelLinks } from './model-links.ts';

const WATERMARK = { users: 'u', groups: 'g', selection: 's', takenAt: 0 };

test('an assigned group that is gone, and never had a SCIM group, leaves no gap in what changed of others', async () => {
  const assignments = [assignUser('ada'), assignGroup('ghost')];
  const directory = fakeDirectory({ assignments, users: { ada: aUser('ada') } });
  const connection = aConnection(
    {
      ...directory,
      readGroupsOfUser: async () => [],
      readChanges: async () => ({ watermark: WATERMARK, users: new Set(['ada']), groups: new Map() }),
      readMemberships: async (groups) => ({ value: new Map(), gaps: groups.map((group) => ({ what: group })) }),
    },
    fakeProvider({}),
  );
  const gathered = await gatherChanges({
    connection,
    links: modelLinks(new ProviderModel(), { baseline: undefined, unsettled: [] }).links,
    since: { watermark: WATERMARK, assignments, again: [], rulesDigest: '' },
    attributes: [],
    unsettled: [],
    now: NOW,
    signal: new AbortController().signal,
  });
  expect(gathered).toMatchObject({ directory: { gaps: [] } });
});
