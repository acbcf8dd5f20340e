import { describe, expect, test } from 'vitest';
import { leaversOf, type Leaver } from '../../../src/core/migration/leavers.ts';
import { reportOf } from '../../../src/core/migration/report.ts';
import { viewOf } from '../../../src/core/migration/view.ts';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import { aUser, thePolicy, theRules } from '../../builders.ts';
import { aSurvey, done, guide, journal, NOW, started } from './builders.ts';

const ben = { anchor: 'ben', label: 'ben@contoso.com', reason: 'is blocked' };

function leavers(input = guide()) {
  return leaversOf(planCycle(input), aSurvey('disable-scim', input)).map(({ anchor }) => anchor);
}

describe('whose active account a cycle would take away', () => {
  test('nobody of those who are entitled', () => {
    expect(leavers()).toEqual([]);
  });

  test.each([0, 86_400_000])('whoever is blocked in the directory, with a delay of %i ms', (delay) => {
    const blocked = guide({ users: [aUser('ann'), aUser('ben', { enabled: false })] });
    const rules = theRules({ deprovision: thePolicy({ disabled: ['disable', delay] }) });
    expect(leavers({ ...blocked, rules })).toEqual(['ben']);
  });

  test('nobody whose account is not active any more', () => {
    const blocked = guide({ users: [aUser('ann'), aUser('ben', { enabled: false })] });
    const survey = aSurvey('disable-scim', blocked);
    const accounts = survey.accounts.filter(({ anchor }) => anchor !== 'ben');
    expect(leaversOf(planCycle(blocked), { accounts })).toEqual([]);
  });
});

describe('leavers over whom SCIM is to be switched off', () => {
  const lines = (...leaving: readonly Leaver[]) =>
    journal(started('disable-scim'), ...done('survey'), {
      kind: 'verified',
      accounts: [],
      groupsLeft: [],
      waiting: leaving.length,
      leavers: leaving,
      digest: 'd',
    });

  test('are named to whoever is asked, in the journal and in the report', () => {
    const view = viewOf('m1', lines(ben), NOW);
    expect(view.findings).toMatchObject([{ code: 'leavers-stay', anchors: ['ben'] }]);
    expect(view.latest.text).toContain('ben@contoso.com (is blocked)');
    expect(reportOf('m1', lines(ben)).findings).toMatchObject([{ code: 'leavers-stay' }]);
  });

  test('are not spoken of where there are none', () => {
    expect(viewOf('m1', lines(), NOW)).toMatchObject({
      findings: [],
      latest: { text: '0 accounts active, 0 groups left, 0 changes waiting' },
    });
  });
});
