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

  test.each([
    ['a slash at its end', 'https://x.example/scim/'],
    ['capital letters in its host', 'HTTPS://X.Example/scim'],
    ['the usual port', 'https://x.example:443/scim'],
    ['the final dot of its host', 'https://x.example./scim'],
  ])('others are those with the same address, also where one is written with %s', (_, target) => {
    const acme = named('acme', 'https://x.example/scim');
    const elsewhere = [
      'https://y.example/scim',
      'https://x.example:444/scim',
      'https://x.example/SCIM',
      'https://x.example/scim?customer=2',
    ];
    const all = [acme, named('eu', target), ...elsewhere.map((one, at) => named(`other-${at}`, one))];
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
