import { describe, expect, test } from 'vitest';
import { anchorsNamed, resourcesNamed, toLogEntry, type SettledOperation } from '../../src/core/log-entry.ts';
import { WAVE, type ChangeAccount, type Operation } from '../../src/core/operation.ts';
import { anchorOf, aRemoval } from '../contract/plans.ts';

function settled(operation: Operation, rest: Partial<SettledOperation> = {}): SettledOperation {
  return {
    at: 5,
    connection: 'acme',
    cycle: 'c-1',
    cycleKind: 'initial',
    requestedBy: 'ada',
    sequence: 3,
    operation,
    outcome: 'exported',
    attempts: 1,
    ...rest,
  };
}

const group = {
  resource: 'group',
  anchor: 'g',
  label: 'IT',
  reason: { code: 'group-in-scope', text: 'assigned' },
} as const;

function anUpdate(changes: Partial<ChangeAccount>): Operation {
  return {
    resource: 'account',
    kind: 'update',
    key: 'k',
    wave: WAVE.accounts,
    anchor: anchorOf(1),
    label: 'user1@contoso.com',
    reason: { code: 'attributes-differ', text: 'differs' },
    attributes: [],
    references: [],
    ...changes,
  };
}

describe('a line of the log', () => {
  test('says what a disable changed, though the operation carries no attributes', () => {
    const { changes, resourceId } = toLogEntry(settled(aRemoval(1, 'disable')), new Map());
    expect(changes).toEqual([{ path: 'active', before: true, after: false }]);
    expect(resourceId).toBe('resource-1');
  });

  test('says what a group was created with', () => {
    const create: Operation = {
      ...group,
      kind: 'create',
      key: 'k',
      wave: WAVE.groups,
      displayName: 'IT',
      externalId: 'g',
    };
    expect(toLogEntry(settled(create), new Map()).changes).toEqual([
      { path: 'displayName', before: null, after: 'IT' },
      { path: 'externalId', before: null, after: 'g' },
    ]);
  });

  test.each(['password', 'Password', 'urn:ietf:params:scim:schemas:core:2.0:User:password'])(
    'never holds the value of %s',
    (path) => {
      const create = anUpdate({ attributes: [{ path, before: null, after: 'hunter2' }] });
      const entry = toLogEntry(settled(create), new Map());
      expect(entry.changes).toEqual([{ path, before: null, after: '[redacted]' }]);
      expect(JSON.stringify(entry)).not.toContain('hunter2');
    },
  );

  test('names at most a hundred members and counts them all', () => {
    const add = Array.from({ length: 250 }, (_, index) => anchorOf(index));
    const members: Operation = { ...group, kind: 'members', key: 'k', wave: WAVE.members, add, remove: [] };
    const entry = toLogEntry(settled(members), new Map([[anchorOf(0), 'ada@contoso.com']]));
    expect(entry.members).toMatchObject({ added: 250, removed: 0, remove: [] });
    expect(entry.members?.add).toHaveLength(100);
    expect(entry.members?.add[0]).toEqual({ anchor: anchorOf(0), name: 'ada@contoso.com' });
    expect(anchorsNamed(members)).toHaveLength(100);
  });

  test('names whom a reference points to', () => {
    const update = anUpdate({ references: [{ path: 'manager', to: anchorOf(2) }] });
    const entry = toLogEntry(settled(update), new Map([[anchorOf(2), 'boss@contoso.com']]));
    expect(entry.references).toEqual([{ path: 'manager', to: { anchor: anchorOf(2), name: 'boss@contoso.com' } }]);
  });

  test('names whom a reference led to before, and shows one that was cleared by name instead of what the provider holds', () => {
    const held = { value: 'r-2', $ref: '/Users/r-2' };
    const update = anUpdate({
      attributes: [
        { path: 'manager', before: held, after: null },
        { path: 'title', before: 'Clerk', after: null },
      ],
      references: [{ path: 'assistant', to: anchorOf(1) }],
      former: [
        { path: 'manager', resourceId: 'r-2' },
        { path: 'assistant', resourceId: 'r-3' },
      ],
    });
    const owner = { anchor: anchorOf(2), name: 'boss@contoso.com' };
    const entry = toLogEntry(settled(update), new Map(), (id) => (id === 'r-2' ? owner : undefined));
    expect(entry.references).toEqual([
      { path: 'assistant', from: { resourceId: 'r-3' }, to: { anchor: anchorOf(1) } },
      { path: 'manager', from: { resourceId: 'r-2', ...owner }, to: null },
    ]);
    expect(entry.changes).toEqual([{ path: 'title', before: 'Clerk', after: null }]);
    expect(resourcesNamed(update)).toEqual(['r-2', 'r-3']);
  });

  test('says which guard held it only while it is held: an approved one was exported', () => {
    const facts = { heldBy: 'too-many-removals' } as const;
    expect(toLogEntry(settled(aRemoval(1, 'delete'), { ...facts, outcome: 'held' }), new Map()).heldBy).toBe(
      facts.heldBy,
    );
    expect(toLogEntry(settled(aRemoval(1, 'delete'), facts), new Map()).heldBy).toBeUndefined();
  });

  test('says what was not done for want of an account, and does not call it done', () => {
    const members: Operation = { ...group, kind: 'members', key: 'k', wave: WAVE.members, add: ['a', 'b'], remove: [] };
    const names = new Map([['b', 'bob']]);
    const exported = { resourceId: 'r', requests: 1, unresolved: ['b'] };
    expect(toLogEntry(settled(members, { exported }), names)).toMatchObject({
      members: { added: 1, add: [{ anchor: 'a' }] },
      waiting: { count: 1, users: [{ anchor: 'b', name: 'bob' }] },
    });
    const managed = anUpdate({
      references: [
        { path: 'manager', to: 'b' },
        { path: 'assistant', to: 'a' },
      ],
    });
    const entry = toLogEntry(settled(managed, { exported }), names);
    expect(entry.references).toEqual([{ path: 'assistant', to: { anchor: 'a' } }]);
    expect(entry.waiting).toEqual({ count: 1, users: [{ anchor: 'b', name: 'bob' }] });
  });
});
