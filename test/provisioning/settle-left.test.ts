import { describe, expect, test } from 'vitest';
import {
  type HeadgateError,
  RejectedError,
  ThrottledError,
  TransientError,
  UnauthorizedError,
} from '../../src/core/errors.ts';
import type { Link } from '../../src/core/link.ts';
import type { Exported, Operation } from '../../src/core/operation.ts';
import type { Account } from '../../src/core/scim.ts';
import type { LeftResult } from '../../src/ports/slices.ts';
import type { CycleStore, LinkStore } from '../../src/ports/stores.ts';
import { settleLeft } from '../../src/provisioning/settle-left.ts';
import { aCreate, aLink, anchorOf } from '../contract/plans.ts';
import { only } from '../only.ts';
import { silentLog } from '../silent-log.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

const externalId = { path: 'externalId', before: null, after: 'ada' };
const userName = { path: 'userName', before: null, after: 'user1@contoso.com' };

const base = {
  resource: 'account',
  wave: 1,
  anchor: anchorOf(1),
  label: 'user1@contoso.com',
  reason: { code: 'entitled', text: 'assigned directly' },
} as const;

/** A creation that sends an externalId. */
const named: Operation = {
  ...base,
  kind: 'create',
  key: '1:account:create:a',
  attributes: [userName, externalId],
  references: [],
};

function account(keys: Readonly<Record<string, string>>): Account {
  return { id: 'r-1', userName: 'user1@contoso.com', active: true, body: { userName: 'user1@contoso.com' }, ...keys };
}

interface Given {
  readonly accounts?: readonly Account[];
  readonly operation?: Operation;
  readonly answer: Exported | undefined | HeadgateError;
  readonly ping?: HeadgateError;
  readonly owner?: Link;
}

async function settling({ operation = aCreate(1), accounts = [], answer, ping, owner }: Given) {
  const asked: Operation[] = [];
  const recorded: LeftResult[] = [];
  const provider = {
    ...fakeProvider({ accounts }),
    settle: async (one: Operation) => {
      asked.push(one);
      if (answer instanceof Error) throw answer;
      return answer;
    },
    ping: async () => {
      if (ping !== undefined) throw ping;
    },
  };
  const stores = {
    cycles: only<CycleStore>({
      leftInDoubt: async () => [{ cycle: 'old', sequence: 7, operation, attempts: 1, inDoubt: true }],
      recordLeft: async (_cycle, results) => void recorded.push(...results),
    }),
    links: only<LinkStore>({
      find: async () => new Map(),
      ownersOf: async () => (owner === undefined ? [] : [owner]),
    }),
  };
  const connection = aConnection(fakeDirectory({ assignments: [] }), provider);
  const signal = new AbortController().signal;
  const failure = await settleLeft({ connection, stores, log: silentLog, aside: (wait) => wait(), signal }).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { asked, recorded, failure };
}

const found: Exported = { resourceId: 'r-1', requests: 1 };
const down = new TransientError('no answer', { noAnswer: true });

describe('an operation that a closed cycle left in doubt', () => {
  test('is exported with its link when it took effect', async () => {
    const { recorded } = await settling({ answer: found });
    expect(recorded).toMatchObject([
      { sequence: 7, state: 'exported', link: { anchor: anchorOf(1), resourceId: 'r-1', state: 'active' } },
    ]);
  });

  test('took effect where an account has its userName and externalId, whatever the provider made of the rest', async () => {
    const given = { operation: named, answer: undefined };
    const ours = await settling({ ...given, accounts: [account({ externalId: 'ada' })] });
    expect(ours.recorded).toMatchObject([{ state: 'exported', link: { resourceId: 'r-1', origin: 'adopted' } }]);
    const another = await settling({ ...given, accounts: [account({}), account({ externalId: 'bob' })] });
    expect(another.recorded).toMatchObject([{ state: 'pending' }]);
  });

  test.each<[string, Given]>([
    ['did not take effect', { answer: undefined }],
    ['was found on an account that is somebody else’s by now', { answer: found, owner: aLink(2) }],
  ])('is not sent any more when it %s', async (_why, given) => {
    const { recorded } = await settling(given);
    expect(recorded).toEqual([{ sequence: 7, state: 'pending', attemptSpent: false }]);
  });

  test.each<[string, Given]>([
    ['the provider refuses to show it', { answer: new RejectedError('no', { status: 400 }) }],
    ['only this one cannot be read', { answer: new TransientError('500', { status: 500 }) }],
  ])('stays in doubt, with why, when %s', async (_why, given) => {
    const { recorded, failure } = await settling(given);
    expect(failure).toBeUndefined();
    expect(recorded).toMatchObject([{ sequence: 7, state: 'in-doubt', failure: { message: expect.any(String) } }]);
  });

  test.each<[string, HeadgateError]>([
    ['gives no answer to anything', down],
    ['refuses the credential', new UnauthorizedError('401', { status: 401 })],
    ['asks to wait', new ThrottledError('429', 1000)],
  ])('ends the cycle before it plans when the provider %s', async (_what, answer) => {
    const { recorded, failure } = await settling({ answer, ping: down });
    expect(failure).toBeInstanceOf(answer.constructor);
    expect(recorded).toEqual([]);
  });

  test('is asked only whether the account is active when it was a reactivation', async () => {
    const operation: Operation = {
      ...base,
      kind: 'reactivate',
      key: '1:account:reactivate:a',
      resourceId: 'r-1',
      attributes: [{ path: 'displayName', before: null, after: 'Ada' }],
      references: [{ path: 'manager', to: 'b' }],
    };
    const { asked } = await settling({ operation, answer: found });
    expect(asked).toMatchObject([{ kind: 'reactivate', attributes: [], references: [] }]);
  });
});
