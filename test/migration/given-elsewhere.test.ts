import { describe, expect, test } from 'vitest';
import type { Assignment } from '../../src/core/directory.ts';
import { alsoGivenElsewhere } from '../../src/migration/given-elsewhere.ts';
import { aLink, theRules } from '../builders.ts';
import { aConnection, fakeDirectory, fakeProvider, type FakeDirectory } from '../provisioning/fakes.ts';

const ASSIGNED: readonly Assignment[] = [
  { id: 'a1', principal: 'crew', principalKind: 'group', roleId: 'r' },
  { id: 'a2', principal: 'ada', principalKind: 'user', roleId: 'r' },
  { id: 'a3', principal: 'bob', principalKind: 'user', roleId: 'r' },
];
/** By acme, which counts members of groups inside. */
const GIVEN = new Map([
  ['ada r', ['a way']],
  ['bob r', ['a way']],
]);

const ONLY_BOB = new Map([['bob r', ['a way']]]);

interface Beta {
  readonly also?: readonly Assignment[];
  readonly gaps?: FakeDirectory['gaps'];
  readonly rules?: Parameters<typeof theRules>[0];
  readonly linked?: readonly string[];
  readonly switchedOff?: boolean;
}

/** What of it acme and beta give: Deck, with Ada, is in Crew, with Bob. */
function given({ also = [], gaps = [], rules, linked = ['ada', 'bob'], switchedOff = false }: Beta) {
  const assignments = [...ASSIGNED, ...also];
  const read = fakeDirectory({
    assignments,
    memberships: { crew: { users: ['bob'], nestedGroups: ['deck'] }, deck: { users: ['ada'] } },
    gaps,
  });
  const acme = aConnection(read, fakeProvider({}), 'expand');
  const beta = { ...aConnection(read, fakeProvider({})), rules: theRules({ name: 'beta', ...rules }) };
  const links = linked.map((anchor) => aLink(anchor));
  const stores = {
    links: { load: async () => links },
    connections: {
      get: async (connection: string) => ({
        connection,
        schedulesPaused: false,
        ...(switchedOff && { switchedOffAt: 1 }),
      }),
    },
  };
  const connections = new Map([acme, beta].map((one) => [one.rules.name, one]));
  return alsoGivenElsewhere(acme, { stores, connections }, assignments, GIVEN, new AbortController().signal);
}

describe('a role that a group gives here', () => {
  test('is not given at a connection that does not count members of groups inside, to whoever has an account there', async () => {
    expect(await given({})).toEqual(ONLY_BOB);
  });

  test('is given there where another assigned group gives it', async () => {
    const also: readonly Assignment[] = [{ id: 'a4', principal: 'deck', principalKind: 'group', roleId: 'r' }];
    expect(await given({ also })).toEqual(GIVEN);
  });

  test('is missed by nobody without an account there', async () => {
    expect(await given({ linked: ['bob'] })).toEqual(GIVEN);
  });

  test('may be missed by everybody where nobody knows the accounts', async () => {
    expect(await given({ linked: [], rules: { engine: 'entra' } })).toEqual(ONLY_BOB);
  });

  test('is missed by nobody at a connection that counts them as well, or was switched off', async () => {
    expect(await given({ rules: { scope: { groups: true, nestedGroups: 'expand' } } })).toEqual(GIVEN);
    expect(await given({ switchedOff: true })).toEqual(GIVEN);
  });

  test('is not known to be given while groups cannot be read completely', async () => {
    expect(await given({ gaps: [{ what: 'crew' }] })).toBeUndefined();
  });
});
