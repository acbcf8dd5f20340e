import { expect, onTestFinished, test } from 'vitest';
import { InDoubtError, TransientError } from '../../src/core/errors.ts';
import type { CreateAccount, Exported, Operation } from '../../src/core/operation.ts';
import type { Account } from '../../src/core/scim.ts';
import { buildResource } from '../../src/core/scim-path.ts';
import type { ServiceProvider } from '../../src/ports/service-provider.ts';
import { assignUser, aUser } from '../builders.ts';
import { STORES } from '../contract/open-stores.ts';
import { aConnection, fakeDirectory, fakeProvider } from '../provisioning/fakes.ts';
import { MINUTE, processOf } from './process.ts';

function madeOf(id: string, { anchor, attributes }: CreateAccount): Account {
  const body = buildResource(
    attributes.map(({ path, after }) => [path, after]),
    'User',
  );
  return { id, userName: `${anchor}@contoso.com`, active: true, body: { id, ...body } };
}

/** A provider in memory that makes the account of ada, and goes down with the answer. */
function failingProvider() {
  const accounts: Account[] = [];
  let state: 'well' | 'down' | 'was-down' = 'well';
  const gone = () => new TransientError('no answer', { noAnswer: true });
  const answer = async <T>(value: () => T): Promise<T> => {
    if (state === 'down') throw gone();
    return value();
  };
  const apply = (operation: Operation): Exported => {
    const id = `id-${operation.anchor}`;
    const index = accounts.findIndex((account) => account.id === id);
    const found = accounts[index];
    if (operation.kind === 'create' && operation.resource === 'account') accounts.push(madeOf(id, operation));
    else if (operation.kind === 'disable' && found !== undefined) accounts[index] = { ...found, active: false };
    if (operation.kind === 'create' && operation.anchor === 'ada' && state === 'well') {
      state = 'down';
      throw new InDoubtError('no answer', { noAnswer: true });
    }
    return { resourceId: id, requests: 1 };
  };
  const fake = fakeProvider({ accounts });
  const provider: ServiceProvider = {
    ...fake,
    awaitAnswer: () => answer(() => undefined),
    ping: () => answer(() => undefined),
    apply: (operation) => answer(() => apply(operation)),
    settle: ({ anchor }) =>
      answer(() =>
        accounts.some(({ id }) => id === `id-${anchor}`) ? { resourceId: `id-${anchor}`, requests: 1 } : undefined,
      ),
  };
  return {
    provider,
    active: () => accounts.filter(({ active }) => active).map(({ id }) => id),
    isBack: () => void (state = 'was-down'),
  };
}

test.each(STORES)(
  'an account whose provider went down with the answer is found once it is back, and goes with its user: %s',
  async (_name, open) => {
    const opened = await open();
    onTestFinished(() => opened.close());
    const { provider, active, isBack } = failingProvider();
    const users = ['ada', 'bob', 'eve'].map((id) => aUser(id));
    let assigned = ['bob', 'eve'];
    const directory = {
      ...fakeDirectory({
        assignments: [],
        users: Object.fromEntries(users.map((user) => [user.id, user])),
        whereabouts: { ada: 'present' },
      }),
      readGroupsOfUser: async () => [],
      readAssignments: async () => ({ value: assigned.map((id) => assignUser(id)), gaps: [] }),
    };
    const connection = aConnection(directory, provider);
    const { cycle, work } = processOf(opened, connection, MINUTE);
    await cycle(1);
    expect(active()).toEqual(['id-bob', 'id-eve']);
    assigned = ['ada', 'bob', 'eve'];
    await cycle(10);
    isBack();
    await work(60);
    assigned = ['bob', 'eve'];
    await cycle(1);
    expect(active()).toEqual(['id-bob', 'id-eve']);
  },
);
