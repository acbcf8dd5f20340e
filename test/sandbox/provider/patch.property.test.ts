import * as fc from 'fast-check';
import { scimPatch, type ScimPatchOperation, type ScimResource } from 'scim-patch';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { URN } from '../../../src/core/scim.ts';
import type { Complex } from '../../../src/sandbox/provider/json.ts';
import { accountBody, create, groupBody, patchBody, valueAt, withProvider } from './scim-client.ts';

/**
 * scim-patch is the reference model where it follows RFC 7644. Left out are the places where it does not:
 * - it knows no schema: mutability, required attributes and types are the provider's own business;
 * - it does not take `primary` from the other values, so only one element may have it;
 * - it keeps a value that one list names twice, so lists name each value once;
 * - a value path that selects nothing is refused only for replace: such sequences are compared by "refused" alone;
 * - it keeps empty lists and objects that RFC 7643 section 2.5 calls unassigned: both sides are compared without them.
 */
const word = fc.stringMatching(/^[a-c]{1,2}$/);
const email = fc.record({ value: word, type: fc.constantFrom('work', 'home', 'other') });
const oncePerList = { selector: (each: { value: string; type: string }) => each.value + each.type, maxLength: 3 };
const selector = fc.oneof(
  fc.constantFrom('work', 'home', 'other').map((type) => `emails[type eq "${type}"]`),
  word.map((value) => `emails[value eq "${value}"]`),
);

const operation: fc.Arbitrary<Complex> = fc.oneof(
  fc.record({
    op: fc.constantFrom('add', 'replace'),
    path: fc.constantFrom('title', 'nickName', 'name.givenName', 'name.familyName'),
    value: word,
  }),
  fc.record({ op: fc.constant('remove'), path: fc.constantFrom('title', 'nickName', 'name.givenName', 'emails') }),
  fc.record({
    op: fc.constantFrom('add', 'replace'),
    value: fc.record({ title: word, nickName: word }, { requiredKeys: [] }),
  }),
  fc.record({
    op: fc.constantFrom('add', 'replace'),
    path: fc.constant('name'),
    value: fc.record({ givenName: word, middleName: word }),
  }),
  fc.record({
    op: fc.constantFrom('add', 'replace'),
    path: fc.constant('emails'),
    value: fc.uniqueArray(email, { ...oncePerList, minLength: 1 }),
  }),
  fc.record({ op: fc.constant('replace'), path: selector.map((path) => `${path}.value`), value: word }),
  fc.record({ op: fc.constant('remove'), path: selector }),
);

const SHOWN = ['title', 'nickName', 'name', 'emails'] as const;

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

function shown(resource: unknown): Complex {
  const body: Complex = JSON.parse(JSON.stringify(resource));
  return Object.fromEntries(SHOWN.flatMap((name) => (isEmpty(body[name]) ? [] : [[name, body[name] ?? null]])));
}

const modelResource = z.custom<ScimResource>();
const modelOperations = z.custom<ScimPatchOperation[]>();

/** Applies the operations with the library; undefined when it refuses one. */
function withLibrary(start: Complex, operations: readonly Complex[]): Complex | undefined {
  try {
    // Through JSON, as a request would come: the library tells objects apart by their prototypes.
    const resource = modelResource.parse(JSON.parse(JSON.stringify({ meta: {}, ...start })));
    const sent = modelOperations.parse(JSON.parse(JSON.stringify(operations)));
    return shown(scimPatch(resource, sent, { mutateDocument: false }));
  } catch {
    return undefined;
  }
}

/** True when some remove selects nothing: refused here (RFC 7644 table 9, noTarget), passed over by the library. */
function removesNothing(start: Complex, operations: readonly Complex[]): boolean {
  return operations.some((each, index) => {
    if (each['op'] !== 'remove' || typeof each['path'] !== 'string' || !each['path'].startsWith('emails['))
      return false;
    const before = withLibrary(start, operations.slice(0, index));
    return (
      before !== undefined &&
      JSON.stringify(before) === JSON.stringify(withLibrary(start, operations.slice(0, index + 1)))
    );
  });
}

test('a sequence of operations on an account gives what scim-patch gives, or is refused as a whole', async () => {
  await withProvider({}, async ({ provider, send }) => {
    const start = fc.record(
      {
        title: word,
        name: fc.record({ givenName: word, familyName: word }),
        emails: fc.uniqueArray(email, oncePerList),
      },
      { requiredKeys: ['name'] },
    );
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(start, fc.array(operation, { minLength: 1, maxLength: 6 }), async (attributes, operations) => {
        provider.restore({ format: 1, lastNumber: 0, resources: [] });
        const id = create(provider, accountBody('ada', { ...attributes }));
        const before = shown(provider.accounts.get(id));
        const expected = removesNothing(before, operations) ? undefined : withLibrary(before, operations);
        const answer = await send('PATCH', `/Users/${id}`, patchBody(...operations));
        compared += expected === undefined ? 0 : 1;
        expect(answer.status).toBe(expected === undefined ? 400 : 200);
        expect(shown(provider.accounts.get(id))).toEqual(expected ?? before);
      }),
      { numRuns: 200 },
    );
    expect(compared).toBeGreaterThan(50);
  });
});

test('members of a group after any sequence are those of a set that did the same, and accounts agree with it', async () => {
  const member = fc.integer({ min: 0, max: 5 });
  const change = fc.oneof(
    fc.record({ op: fc.constantFrom('add' as const, 'replace' as const), members: fc.array(member, { maxLength: 4 }) }),
    fc.record({ op: fc.constant('remove' as const), members: fc.tuple(member) }),
    fc.record({ op: fc.constant('clear' as const), members: fc.constant<number[]>([]) }),
  );
  await withProvider({}, async ({ provider, send }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(member),
        fc.array(fc.array(change, { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
        async (first, requests) => {
          provider.restore({ format: 1, lastNumber: 0, resources: [] });
          const ids = Array.from({ length: 6 }, (_, index) => create(provider, accountBody(`u${index}`)));
          const idOf = (index: number): string => ids[index] ?? '';
          const group = create(provider, groupBody('G', [...new Set(first)].map(idOf)));
          const model = new Set(first);
          for (const changes of requests) {
            const operations = changes.map(({ op, members }): Complex => {
              if (op === 'clear') return { op: 'remove', path: 'members' };
              if (op === 'remove') return { op, path: `members[value eq "${idOf(members[0] ?? 0)}"]` };
              return { op, path: 'members', value: members.map((index) => ({ value: idOf(index) })) };
            });
            for (const { op, members } of changes) {
              if (op === 'clear' || op === 'replace') model.clear();
              for (const index of members) {
                if (op === 'remove') model.delete(index);
                else model.add(index);
              }
            }
            expect((await send('PATCH', `/Groups/${group}`, patchBody(...operations))).status).toBe(204);
          }
          const listed = z.array(z.object({ value: z.string() })).parse(provider.groups.get(group)?.['members'] ?? []);
          expect(listed.map((each) => each.value).toSorted((a, b) => a.localeCompare(b))).toEqual(
            [...model].map(idOf).toSorted((a, b) => a.localeCompare(b)),
          );
          for (const [index, id] of ids.entries()) {
            expect(valueAt(provider.accounts.get(id), 'groups[0].value')).toBe(model.has(index) ? group : undefined);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('the extension URN can be a path, as RFC 7644 section 3.10 writes it', async () => {
  await withProvider({}, async ({ provider, send }) => {
    const id = create(provider, accountBody('ada'));
    const value = { department: 'Engines', costCenter: '1' };
    await send('PATCH', `/Users/${id}`, patchBody({ op: 'add', path: URN.enterpriseUser, value }));
    expect(provider.accounts.get(id)?.[URN.enterpriseUser]).toEqual(value);
    await send('PATCH', `/Users/${id}`, patchBody({ op: 'remove', path: URN.enterpriseUser }));
    expect(provider.accounts.get(id)).not.toHaveProperty([URN.enterpriseUser]);
  });
});
