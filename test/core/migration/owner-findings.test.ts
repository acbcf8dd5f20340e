import { describe, expect, test } from 'vitest';
import type { GuardedCredential } from '../../../src/core/guards/token-owner.ts';
import { obstacles } from '../../../src/core/migration/findings.ts';
import type { PlanInput } from '../../../src/core/planning/plan-input.ts';
import { aSurvey, guide, OPTIONS } from './builders.ts';

function tokenOf(name: string, overrides: Partial<GuardedCredential> = {}): GuardedCredential {
  const owner = { kind: 'user', name: `${name}@contoso.com`, anchor: name } as const;
  return { connection: 'beta', fingerprint: `f-${name}`, owner, state: 'active', ownerCoupled: true, ...overrides };
}

const ENTRA: PlanInput = { ...guide(), rules: { ...guide().rules, engine: 'entra' } };
/** Ann was taken out of the group already: the next full cycle takes her access. */
const ANN_GOES = guide({ groups: { it: { name: 'IT', users: ['ben'] } }, whereabouts: { ann: 'present' } });

function told(credentials: readonly GuardedCredential[], input = guide()) {
  return aSurvey('remove-groups', input, credentials).findings.filter(({ code }) => code === 'token-owner');
}

describe('T2: the survey of a migration names owners of tokens in use', () => {
  test.each<{ rule: string; credentials: readonly GuardedCredential[]; input?: PlanInput; named: readonly string[] }>([
    { rule: 'who are reached only through the groups', credentials: [tokenOf('ann')], named: ['ann'] },
    { rule: 'and whom the next cycle removes', credentials: [tokenOf('ann')], input: ANN_GOES, named: ['ann'] },
    { rule: 'with a token that is retiring', credentials: [tokenOf('ann', { state: 'retiring' })], named: ['ann'] },
    { rule: 'also with Entra’s engine', credentials: [tokenOf('ann')], input: ENTRA, named: ['ann'] },
    {
      rule: 'by the name the account has, where the directory was not asked',
      credentials: [tokenOf('x', { owner: { kind: 'user', name: 'ANN@contoso.com' } })],
      named: ['ann'],
    },
    { rule: 'not of tokens that have ended', credentials: [tokenOf('ann', { state: 'retired' })], named: [] },
    {
      rule: 'nor who have another way in, where tokens do not hang on people',
      credentials: [tokenOf('ben', { ownerCoupled: false })],
      named: [],
    },
    { rule: 'nor who are no part of it', credentials: [tokenOf('zoe')], named: [] },
  ])('$rule', ({ credentials, input, named }) => {
    expect(told(credentials, input).flatMap(({ anchors }) => anchors)).toEqual(named);
  });

  test('with user, connection and fingerprint, and says that Entra’s engine holds nobody', () => {
    const [headgate] = told([tokenOf('ann')]);
    const [entra] = told([tokenOf('ann')], ENTRA);
    expect(headgate?.text).toContain('ann@contoso.com (the active token f-ann of connection beta)');
    expect(headgate?.text).toContain('cycles hold them back');
    expect(entra?.text).toContain("Entra's own cycles hold nobody back");
    expect(entra?.text).toContain('Replace it first: headgate token rotate -c beta');
  });

  test('and who are members and stay: the group may be what makes them an administrator', () => {
    const [ben, ...more] = told([tokenOf('ben')]);
    expect(ben).toMatchObject({
      severity: 'note',
      anchors: ['ben'],
      text: expect.stringMatching(
        /members of the groups who stay.*ben@contoso.com \(the active token f-ben .*administrator.*headgate token rotate -c beta$/,
      ),
    });
    expect(more).toEqual([]);
  });

  test('which is good to know and stands in nobody’s way', () => {
    const survey = aSurvey('remove-groups', guide(), [tokenOf('ann')]);
    expect(obstacles(survey, OPTIONS)).toEqual([]);
    expect(survey.digest).toBe(aSurvey().digest);
  });
});
