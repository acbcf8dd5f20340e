import { expect, test } from 'vitest';
import type { Elsewhere } from '../../../src/core/migration/elsewhere-findings.ts';
import { obstacles } from '../../../src/core/migration/findings.ts';
import { surveyOf } from '../../../src/core/migration/survey-of.ts';
import { ALONE, guide, OPTIONS } from './builders.ts';

function surveyWith(elsewhere: Partial<Elsewhere> = {}) {
  const whole = { groups: [], tokens: [], ...elsewhere };
  return surveyOf({ connection: 'acme', kind: 'disable-scim', groups: ['it'] }, guide(), ALONE, whole);
}

const group = (how: 'same-scim-group' | 'same-application') => ({ anchor: 'it', connection: 'acme-eu', how });

test.each([
  ['shared-group', { groups: [group('same-scim-group')] }, /SCIM groups of IT are in use by acme-eu/],
  ['group-elsewhere', { groups: [group('same-application')] }, /IT also goes at the provider of acme-eu/],
  ['shared-token', { tokens: ['acme-eu'] }, /acme-eu uses the same token as acme.*token rotate -c acme-eu/],
] as const)('%s is asked about, by name and with the connection', (code, elsewhere, text) => {
  const survey = surveyWith(elsewhere);
  expect(obstacles(survey, OPTIONS)).toMatchObject([{ code, text: expect.stringMatching(text) }]);
  // Also one that comes to use it while the migration goes on.
  expect(obstacles(survey, OPTIONS, 'going-on')).toHaveLength(1);
  expect(obstacles(survey, { accept: [code] })).toEqual([]);
  expect(survey.digest).not.toBe(surveyWith().digest);
});

test('a group that nobody else uses is not asked about', () => {
  expect(obstacles(surveyWith(), OPTIONS)).toEqual([]);
});
