import { describe, expect, test } from 'vitest';
import type { Assignment } from '../../../src/core/directory.ts';
import { assignedAnew, lackingUsers, waysIn } from '../../../src/core/migration/seen-ways.ts';
import { assignGroup, assignUser, aUser, type Organisation } from '../../builders.ts';
import { aSurvey, guide } from './builders.ts';

const LATER = '2026-11-23T09:00:00Z';

/** Ann is a member of IT with a direct assignment, Ben is assigned directly alone. */
function surveyed(organisation: Partial<Organisation> = {}) {
  const users = [aUser('ann'), aUser('ben')];
  const assignments = [assignGroup('it'), assignUser('ann'), assignUser('ben')];
  return aSurvey(
    'remove-groups',
    guide({ users, groups: { it: { name: 'IT', users: ['ann'] } }, assignments, ...organisation }),
  );
}

function made(assignment: Assignment, how: Partial<Assignment>): Assignment {
  return { ...assignment, ...how };
}

const seen = waysIn(surveyed());

describe('somebody may lose a group', () => {
  test.each<readonly [string, Partial<Organisation>, string[]]>([
    ['whose direct assignment is the one that was seen', {}, []],
    [
      'not whose direct assignment has been made anew since',
      { assignments: [assignGroup('it'), made(assignUser('ann'), { id: 'other' })] },
      ['ann'],
    ],
    [
      'not whose direct assignment has been made anew since, and has its id again',
      { assignments: [assignGroup('it'), made(assignUser('ann'), { created: LATER })] },
      ['ann'],
    ],
    [
      'who has another one besides',
      { assignments: [assignGroup('it'), assignUser('ann'), made(assignUser('ann'), { id: 'other' })] },
      [],
    ],
    [
      'not who has the role of the group by a new one alone, whatever else was seen',
      {
        assignments: [
          made(assignGroup('it'), { roleId: 'lead' }),
          assignUser('ann'),
          made(assignUser('ann'), { id: 'lead', roleId: 'lead' }),
        ],
      },
      ['ann'],
    ],
    [
      'not with one of its two roles alone',
      { assignments: [assignGroup('it'), made(assignGroup('it'), { id: 'lead', roleId: 'lead' }), assignUser('ann')] },
      ['ann'],
    ],
    [
      'not who has joined it since: nobody knows since when theirs is there',
      { groups: { it: { users: ['ben'] } } },
      ['ben'],
    ],
    ['who is in no group that goes', { groups: { it: { users: [] } } }, []],
  ])('%s', (_rule, organisation, lacking) => {
    expect(lackingUsers(surveyed(organisation), seen).map(({ anchor }) => anchor)).toEqual(lacking);
  });

  test('whatever has been seen, where Headgate reads anew itself', () => {
    const anew = { assignments: [assignGroup('it'), made(assignUser('ann'), { id: 'other', created: LATER })] };
    expect(lackingUsers(surveyed(anew))).toEqual([]);
    expect(lackingUsers(surveyed({ assignments: [assignGroup('it')] })).map(({ anchor }) => anchor)).toEqual(['ann']);
  });

  test('only by a direct assignment that was seen, also where a group inside theirs lets them in', () => {
    const input = (assignments: readonly Assignment[]) => {
      const groups = { it: { name: 'IT', nested: ['inner'] }, inner: { users: ['ann'] } };
      const nested = guide({ groups, assignments });
      const scope = { ...nested.rules.scope, nestedGroups: 'expand' as const };
      return aSurvey('remove-groups', { ...nested, rules: { ...nested.rules, scope } });
    };
    const before = waysIn(input([assignGroup('it'), assignUser('ann')]));
    expect(lackingUsers(input([assignGroup('it'), assignUser('ann')]), before)).toEqual([]);
    const anew = input([assignGroup('it'), made(assignUser('ann'), { created: LATER })]);
    expect(lackingUsers(anew, before).map(({ anchor }) => anchor)).toEqual(['ann']);
  });
});

test.each<readonly [string, Partial<Organisation>, string[]]>([
  ['as it was seen', {}, []],
  ['anew', { assignments: [made(assignGroup('it'), { id: 'other' }), assignUser('ann')] }, ['it']],
  [
    'anew, with its id again',
    { assignments: [made(assignGroup('it'), { created: LATER }), assignUser('ann')] },
    ['it'],
  ],
  [
    'with another role besides',
    { assignments: [assignGroup('it'), made(assignGroup('it'), { id: 'lead', roleId: 'lead' }), assignUser('ann')] },
    ['it'],
  ],
  ['as it was seen, with somebody who has joined it', { groups: { it: { users: ['ann', 'ben'] } } }, []],
  [
    'anew, with nobody in it who could be in a SCIM group',
    { groups: { it: { users: [] } }, assignments: [made(assignGroup('it'), { id: 'other' })] },
    [],
  ],
])('a group is assigned %s', (_how, organisation, anew) => {
  expect(assignedAnew(surveyed(organisation), seen).map(({ anchor }) => anchor)).toEqual(anew);
});
