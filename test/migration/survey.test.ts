import { expect, test } from 'vitest';
import type { Assignment } from '../../src/core/directory.ts';
import { membersWithoutAssignment } from '../../src/migration/survey.ts';
import { assignGroup, assignUser } from '../builders.ts';
import { aConnection, fakeDirectory, fakeProvider } from '../provisioning/fakes.ts';

const never = new AbortController().signal;

function lacking(assignments: readonly Assignment[], nestedGroups: 'direct' | 'expand' = 'direct') {
  const memberships = { it: { users: ['ann', 'ben'], nestedGroups: ['ops'] }, ops: { users: ['cat'] } };
  const directory = fakeDirectory({ assignments, memberships });
  return membersWithoutAssignment(aConnection(directory, fakeProvider({}), nestedGroups), 'it', 'sp', never);
}

test.each<readonly [string, readonly Assignment[], readonly string[]]>([
  ['both with the role the group gives: nobody', [assignUser('ann'), assignUser('ben')], []],
  ['one without any', [assignUser('ann')], ['ben']],
  ['one with another role alone', [assignUser('ann'), assignUser('ben', 'reader')], ['ben']],
  ['one with another role, too', [assignUser('ann'), assignUser('ben'), assignUser('ben', 'reader')], []],
  [
    'the group gives two roles, and one has the first alone',
    [{ ...assignGroup('it', 'admin'), id: 'second' }, assignUser('ann'), assignUser('ann', 'admin'), assignUser('ben')],
    ['ben'],
  ],
])('members with no direct assignment that gives what the group does: %s', async (_rule, direct, expected) => {
  expect(await lacking([assignGroup('it'), ...direct])).toEqual({ users: expected, gaps: [] });
});

test('members of groups inside count where they are in scope, and nobody does where the group is not assigned', async () => {
  const direct = [assignUser('ann'), assignUser('ben')];
  expect((await lacking([assignGroup('it'), ...direct], 'expand')).users).toEqual(['cat']);
  expect((await lacking([assignUser('ann')], 'expand')).users).toEqual([]);
});
