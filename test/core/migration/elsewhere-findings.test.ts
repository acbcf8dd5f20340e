import { expect, test } from 'vitest';
import type { Elsewhere } from '../../../src/core/migration/elsewhere-findings.ts';
import { obstacles } from '../../../src/core/migration/findings.ts';
import { guide, OPTIONS, surveyWith } from './builders.ts';

function survey(elsewhere: Partial<Elsewhere> = {}) {
  const request = { connection: 'acme', kind: 'disable-scim', groups: ['it'] } as const;
  return surveyWith(request, guide(), {
    elsewhere: { groups: [], tokens: [], neighbours: [], unseen: [], ...elsewhere },
  });
}

const group = (how: 'same-scim-group' | 'same-application') => ({ anchor: 'it', connection: 'acme-eu', how });

test.each([
  ['shared-group', { groups: [group('same-scim-group')] }, /SCIM groups of IT are in use by acme-eu/],
  ['group-elsewhere', { groups: [group('same-application')] }, /IT also goes at the provider of acme-eu/],
  ['shared-token', { tokens: ['acme-eu'] }, /acme-eu uses the same token as acme.*token rotate -c acme-eu/],
  [
    'other-configuration',
    { unseen: ['beta'] },
    /^beta, in the configuration of another Headgate.* works on the same .* as acme.*Put it into this configuration/,
  ],
] as const)('%s is asked about, by name and with the connection', (code, elsewhere, text) => {
  const found = survey(elsewhere);
  expect(obstacles(found, OPTIONS)).toMatchObject([{ code, text: expect.stringMatching(text) }]);
  // Also one that comes to use it while the migration goes on.
  expect(obstacles(found, OPTIONS, 'going-on')).toHaveLength(1);
  expect(obstacles(found, { accept: [code] })).toEqual([]);
  expect(found.digest).not.toBe(survey().digest);
});

test('a group that nobody else uses is not asked about', () => {
  expect(obstacles(survey(), OPTIONS)).toEqual([]);
});
