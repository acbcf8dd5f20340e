import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { graphError, type Reply } from './loopback-graph.ts';
import { MISSING, lastSegment, openTenant, type Answerer, type OpenTenant } from './scripted-tenant.ts';

const signal = new AbortController().signal;
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).toReversed()) await thing.close();
});
const open = (answer: Answerer): Promise<OpenTenant> => openTenant(opened, answer);

describe('where users are', () => {
  type State = 'present' | 'disabled' | 'deleted' | 'gone';
  function answerFor(states: Readonly<Record<string, State>>): Answerer {
    return (path) => {
      const id = lastSegment(path);
      const state = states[id];
      const deleted = path.startsWith('/directory/deletedItems/');
      if (deleted ? state === 'deleted' : state === 'present' || state === 'disabled') {
        return { json: { id, accountEnabled: state === 'present' } };
      }
      return MISSING;
    };
  }

  it('is what the directory holds for each, by any mixture', async () => {
    const told = { present: 'present', disabled: 'disabled', deleted: 'soft-deleted', gone: 'absent' } as const;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom<State>('present', 'disabled', 'deleted', 'gone'), { maxLength: 50 }),
        async (drawn) => {
          const states = Object.fromEntries(drawn.map((state, index) => [`u${index}`, state]));
          const { directory } = await open(answerFor(states));
          const whereabouts = await directory.locateUsers(Object.keys(states), signal);
          expect(Object.fromEntries(whereabouts)).toEqual(
            Object.fromEntries(Object.entries(states).map(([id, state]) => [id, told[state]])),
          );
        },
      ),
      { numRuns: 15 },
    );
  });

  it('somebody restored between two questions is not absent', async () => {
    let restored = false;
    const { directory } = await open((path) => {
      if (path.startsWith('/directory/deletedItems/')) {
        restored = true;
        return MISSING;
      }
      return restored ? { json: { id: 'u1', accountEnabled: true } } : MISSING;
    });
    expect((await directory.locateUsers(['u1'], signal)).get('u1')).toBe('present');
  });

  it('somebody just deleted, whom the replica asked first does not know among the deleted yet, is not absent', async () => {
    let asked = 0;
    const { directory, waits } = await open((path) => {
      if (!path.startsWith('/directory/deletedItems/')) return MISSING;
      asked += 1;
      return asked === 1 ? MISSING : { json: { id: 'u1' } };
    });
    expect((await directory.locateUsers(['u1'], signal)).get('u1')).toBe('soft-deleted');
    expect(waits).toHaveLength(1);
  });

  it.each([
    ['a 404 that is not about the object', graphError(404, 'UnknownRoute')],
    ['a 404 without a body, as from a proxy', { status: 404 }],
    ['a refusal', graphError(403, 'Authorization_RequestDenied')],
  ])('%s never makes anybody absent', async (_name, reply: Reply) => {
    const { directory } = await open((path) => (path.startsWith('/directory/') ? reply : MISSING));
    await expect(directory.locateUsers(['u1'], signal)).rejects.toThrow(Error);
  });
});

describe('a user by name', () => {
  it('is found through a filter that no name can break out of', async () => {
    const names = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
      .filter((name) => name.trim() === name && name !== '');
    await fc.assert(
      fc.asyncProperty(names, async (name) => {
        const { directory, server } = await open(() => ({
          json: { value: [{ id: 'u1', accountEnabled: false, userPrincipalName: name }] },
        }));
        const user = await directory.findUser(name, ['userPrincipalName'], signal);
        expect(user).toMatchObject({ id: 'u1', enabled: false, attributes: { userPrincipalName: name } });
        const asked = new URL(server.graphRequests()[0]?.url ?? '', server.origin);
        const quoted = /^userPrincipalName eq '((?:[^']|'')*)'$/su.exec(asked.searchParams.get('$filter') ?? '')?.[1];
        expect(quoted?.replaceAll("''", "'")).toBe(name);
      }),
      {
        numRuns: 25,
        examples: [["o'brien@contoso.example"], ['a_b.c#EXT#@x.example'], ["' or 1 eq 1 or ''='"], ['100%@x'], ['$me']],
      },
    );
  });

  it('is nobody when the list is empty, and by id when it is an id', async () => {
    const id = 'ABCDEF01-0000-4000-8000-000000000001';
    const { directory } = await open((path) =>
      path.startsWith(`/users/${id.toLowerCase()}?`)
        ? { json: { id: id.toLowerCase(), accountEnabled: true } }
        : { json: { value: [] } },
    );
    expect(await directory.findUser('nobody@contoso.example', [], signal)).toBeUndefined();
    expect((await directory.findUser(id, [], signal))?.id).toBe(id.toLowerCase());
  });
});
