import { describe, expect, test } from 'vitest';
import { obstacles } from '../../../src/core/migration/findings.ts';
import type { JournalEntry } from '../../../src/core/migration/journal.ts';
import { withStrays } from '../../../src/core/migration/strays.ts';
import { assignGroup, assignUser, aUser, ROLE } from '../../builders.ts';
import { aSurvey, done, guide, OPTIONS, started, state } from './builders.ts';

/** Ann and Ben were members of IT, and the migration has assigned Ann. */
const request = { to: 'directory', method: 'POST', path: '/' } as const;
const change = { kind: 'assign', application: 'sp', principal: 'ann', roleId: ROLE } as const;
const assigned: readonly JournalEntry[] = [
  started(),
  { kind: 'surveyed', purpose: 'start', survey: aSurvey() },
  ...done('survey'),
  { kind: 'calling', step: 'assign-directly', calls: [{ key: 'a', what: '', request, change }] },
  { kind: 'called', step: 'assign-directly', outcomes: [{ key: 'a', state: 'done' }] },
];

interface Now {
  readonly members: readonly string[];
  readonly assignments?: readonly ReturnType<typeof assignUser>[];
  readonly entries?: readonly JournalEntry[];
}

function surveyNow({ members, assignments, entries = assigned }: Now) {
  const input = guide({
    users: [aUser('ann'), aUser('ben')],
    groups: { it: { name: 'IT', users: members } },
    assignments: assignments ?? [assignGroup('it'), assignUser('ann'), assignUser('ben')],
  });
  const plain = aSurvey('remove-groups', input);
  return { plain, survey: withStrays(plain, state(...entries), input.directory) };
}

describe('whoever was assigned directly by the migration and left the group since', () => {
  const left = surveyNow({ members: ['ben'] });

  test('is named, and a yes to everybody else is no yes to them', () => {
    expect(left.survey.findings[0]).toMatchObject({ code: 'assigned-astray', anchors: ['ann'] });
    expect(left.survey.findings[0]?.text).toContain('ann@contoso.com');
    expect(left.survey.digest).not.toBe(left.plain.digest);
  });

  test('is asked about at the gate, and stops nothing before', () => {
    const codes = obstacles(left.survey, OPTIONS, 'going-on').map(({ code }) => code);
    expect(codes).not.toContain('assigned-astray');
  });

  test('is known of also after the group was unassigned, when nobody can tell who is in it', () => {
    const entries: readonly JournalEntry[] = [
      ...assigned,
      { kind: 'surveyed', purpose: 'coverage', survey: left.survey },
      { kind: 'reopened', step: 'assign-directly', why: 'ben joined again' },
    ];
    const assignments = [assignUser('ann'), assignUser('ben')];
    const known = surveyNow({ members: [], assignments, entries }).survey;
    expect(known.findings[0]).toMatchObject({ code: 'assigned-astray', anchors: ['ann'] });
    const unknown = surveyNow({ members: [], assignments });
    expect(unknown.survey).toEqual(unknown.plain);
  });
});

test.each<readonly [string, Now]>([
  ['is still in the group', { members: ['ann', 'ben'] }],
  ['is not assigned directly any more', { members: ['ben'], assignments: [assignGroup('it'), assignUser('ben')] }],
  ['was assigned by somebody else', { members: [], assignments: [assignGroup('it'), assignUser('ben')] }],
])('nobody is named who %s', (_rule, now) => {
  const { plain, survey } = surveyNow(now);
  expect(survey).toEqual(plain);
});
