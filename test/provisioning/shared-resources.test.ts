import { describe, expect, test } from 'vitest';
import { sharedResources, sharingWith } from '../../src/provisioning/shared-resources.ts';
import { theRules } from '../builders.ts';
import { aRemoval } from '../contract/plans.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

describe('what other connections use of what a plan takes away', () => {
  const named = (name: string, target: string) => ({
    ...aConnection(fakeDirectory({ assignments: [] }), fakeProvider({})),
    rules: theRules({ name }),
    target,
  });

  test('others are those with the same address, with or without a slash at its end', () => {
    const acme = named('acme', 'https://x/scim');
    const all = [acme, named('eu', 'https://x/scim/'), named('other', 'https://y/scim')];
    expect(sharingWith(acme, new Map(all.map((one) => [one.rules.name, one])))).toEqual(['eu']);
  });

  test('only active links of the others count', async () => {
    const operations = [aRemoval(1, 'disable'), aRemoval(2, 'disable')];
    const [first, second] = operations.flatMap((one) => ('resourceId' in one ? [one.resourceId ?? ''] : []));
    const ownersOf = async (connection: string, resource: 'account' | 'group', ids: readonly string[]) =>
      resource === 'group'
        ? []
        : ids.map((resourceId) => ({
            resource,
            anchor: `of-${resourceId}`,
            resourceId,
            state: resourceId === first && connection === 'eu' ? ('active' as const) : ('disabled' as const),
            origin: 'created',
            label: 'x',
          }));
    expect(second).toBeDefined();
    expect([...(await sharedResources({ ownersOf }, ['eu', 'us'], { operations }))]).toEqual([
      [`account ${first}`, 'eu'],
    ]);
  });
});
