import { expect, test } from 'vitest';
import type { AppRole } from '../../src/core/directory.ts';
import { requestsOf } from '../../src/migration/plan-requests.ts';
import { theRules } from '../builders.ts';
import { aSurvey } from '../core/migration/builders.ts';
import { fakeDirectory, fakeProvider } from '../provisioning/fakes.ts';

const connection = {
  rules: theRules(),
  directory: fakeDirectory({ assignments: [] }),
  provider: { ...fakeProvider({}), preview: () => [] },
};

function aRole(id: string, displayName: string): AppRole {
  return { id, displayName, value: displayName.toLowerCase(), enabled: true };
}

function whatOf(...roles: readonly AppRole[]): readonly string[] {
  const survey = aSurvey();
  const [group] = survey.groups;
  const [user] = survey.users;
  if (group === undefined || user === undefined) throw new Error('the survey shows nobody');
  const ids = ['r-admin', 'r-reader'];
  const assignments = ids.map((roleId) => ({ id: `of-${roleId}`, roleId }));
  return requestsOf(
    { ...survey, groups: [{ ...group, assignments }], users: [{ ...user, missing: ids }] },
    connection,
    roles,
  ).map(({ what }) => what);
}

test('requests of a plan that differ only by the role name it, before the name of whoever it concerns', () => {
  expect(whatOf(aRole('r-admin', 'Admin'), aRole('r-reader', 'Reader'))).toEqual([
    'assign directly as Admin: ann@contoso.com',
    'assign directly as Reader: ann@contoso.com',
    'unassign as Admin: group IT',
    'unassign as Reader: group IT',
  ]);
});

test('a role that is not declared any more is named by its id', () => {
  expect(whatOf(aRole('r-admin', 'Admin'))).toContain('assign directly as role r-reader: ann@contoso.com');
});

test('where the application declares no roles there is none to name', () => {
  expect(whatOf()).toEqual([
    'assign ann@contoso.com directly',
    'assign ann@contoso.com directly',
    'unassign group IT',
    'unassign group IT',
  ]);
});
