import { describe, expect, test } from 'vitest';
import { judge } from '../../../src/core/guards.ts';
import { sharedKey } from '../../../src/core/guards/shared-account.ts';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import {
  aLink,
  anAccount,
  aPlanInput,
  assignUser,
  aUser,
  theGuardContext,
  theGuards,
  theRules,
} from '../../builders.ts';

/** Ada is unassigned, Bob deleted, Cleo stays; another connection uses some of their accounts. */
function findings(used: readonly string[], off: readonly 'shared-account'[] = []) {
  const people = ['ada', 'bob', 'cleo'];
  const guards = theGuards({ tooManyRemovals: { count: 50, percent: 100 }, off });
  const input = aPlanInput(
    { users: [aUser('cleo')], assignments: [assignUser('cleo')], whereabouts: { ada: 'present', bob: 'soft-deleted' } },
    {
      links: people.map((id) => aLink(id)),
      provider: { accounts: people.map((id) => anAccount(`id-${id}`, `${id}@contoso.com`)) },
      rules: { ...theRules(), guards },
    },
  );
  const shared = new Map(used.map((id) => [sharedKey('account', `id-${id}`), 'acme-eu']));
  return judge({ ...theGuardContext(), ...input, ...planCycle(input), shared }).findings;
}

describe('the guard shared-account', () => {
  test('keeps the account of somebody who left here and whom another connection to the same provider has', () => {
    expect(findings(['ada', 'cleo'])).toMatchObject([
      {
        guard: 'shared-account',
        effect: 'hold',
        message: 'disable account ada@contoso.com: still in use by acme-eu, which writes to the same service provider',
        remedy: expect.stringContaining('once acme-eu no longer has an active link'),
        operations: ['0:account:disable:ada'],
      },
    ]);
  });

  test.each([
    { rule: 'whoever is gone from the directory, since every connection removes them', used: ['bob'] },
    { rule: 'an account no other connection uses', used: [] },
  ])('keeps nothing of $rule', ({ used }) => {
    expect(findings(used)).toEqual([]);
  });

  test('can be switched off where two tenants of a provider give the same ids to different people', () => {
    expect(findings(['ada'], ['shared-account'])).toEqual([]);
  });
});
