import { expect, test } from 'vitest';
import type { GroupElsewhere } from '../../../src/core/migration/elsewhere-findings.ts';
import { obstacles } from '../../../src/core/migration/findings.ts';
import { surveyOf } from '../../../src/core/migration/survey-of.ts';
import { ALONE, guide, OPTIONS } from './builders.ts';

function surveyWith(...elsewhere: readonly GroupElsewhere[]) {
  return surveyOf({ connection: 'acme', kind: 'remove-groups', groups: ['it'] }, guide(), ALONE, elsewhere);
}

test.each([
  ['shared-group', 'same-scim-group', /SCIM groups of IT are in use by acme-eu/],
  ['group-elsewhere', 'same-application', /IT also goes at the provider of acme-eu/],
] as const)('%s is asked about, by name and with the connection', (code, how, text) => {
  const survey = surveyWith({ anchor: 'it', connection: 'acme-eu', how });
  expect(obstacles(survey, OPTIONS)).toMatchObject([{ code, text: expect.stringMatching(text) }]);
  // Also one that comes to use it while the migration goes on.
  expect(obstacles(survey, OPTIONS, 'going-on')).toHaveLength(1);
  expect(obstacles(survey, { accept: [code] })).toEqual([]);
  expect(survey.digest).not.toBe(surveyWith().digest);
});

test('a group that nobody else uses is not asked about', () => {
  expect(obstacles(surveyWith(), OPTIONS)).toEqual([]);
});
