import { describe, expect, test } from 'vitest';
import { escrowAfter } from '../../../src/core/escrow.ts';
import { noAccounts } from '../../../src/core/migration/no-account.ts';
import { obstacles } from '../../../src/core/migration/findings.ts';
import type { MigrationOptions } from '../../../src/core/migration/migration.ts';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import type { PlanInput } from '../../../src/core/planning/plan-input.ts';
import { aUser } from '../../builders.ts';
import { guide, NOW, OPTIONS, surveyWith } from './builders.ts';

const ASKED = { connection: 'acme', kind: 'remove-groups', groups: ['it'] } as const;
const REFUSED = { code: 'InvalidValue', message: 'the provider refused it' };

/** Ann is in scope and has no account; the provider has none for her either, but for those given. */
function annWithout(attributes: Readonly<Record<string, string>> = {}, accounts: readonly string[] = []): PlanInput {
  const input = guide({ users: [aUser('ann', { attributes }), aUser('ben')] });
  const others = input.inventory.accounts.resources.filter(({ id }) => id !== 'id-ann');
  const [first] = input.inventory.accounts.resources;
  if (first === undefined) throw new Error('the guide has an account');
  const own = accounts.map((id) => ({ ...first, id, userName: 'ann@contoso.com' }));
  return {
    ...input,
    links: input.links.filter(({ anchor }) => anchor !== 'ann'),
    inventory: { ...input.inventory, accounts: { ...input.inventory.accounts, resources: [...others, ...own] } },
  };
}

/** Annotated by what stands in the way for her. */
function standing(input: PlanInput, accept: MigrationOptions['accept'] = [], failure?: { code: string }) {
  const due = planCycle(input);
  const create = due.plan.operations.find(({ anchor, kind }) => anchor === 'ann' && kind === 'create');
  const escrows =
    failure === undefined || create === undefined
      ? []
      : [escrowAfter(create, { ...REFUSED, ...failure }, undefined, 'c1', NOW)];
  const survey = surveyWith(ASKED, input, { due: due.plan.operations, noAccounts: noAccounts(due, escrows) });
  return obstacles(survey, { ...OPTIONS, accept }).flatMap(({ code, anchors, text }) =>
    anchors.includes('ann') ? [{ code, text }] : [],
  );
}

describe('a member without an account', () => {
  test('whom the next full cycle gives one is waited for, and cannot be accepted', () => {
    const [found] = standing(annWithout(), ['user-without-account']);
    expect(found).toMatchObject({ code: 'user-unlinked' });
    expect(found?.text).toMatch(/Run a full cycle first/);
  });

  test.each([
    ['two accounts match', annWithout({}, ['x1', 'x2']), undefined, /ann.*held, matching-collision.*x1 and x2/],
    ['the provider has refused it', annWithout(), { code: 'InvalidValue' }, /ann.*in escrow after 1 try: the provider/],
    ['she cannot be mapped', annWithout({ userPrincipalName: '' }), undefined, /ann \(.*userName/],
  ])('and can get none because %s: is named with the reason, and may be accepted', (_why, input, failure, text) => {
    const [found, ...more] = standing(input, [], failure);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ code: 'user-without-account', text: expect.stringMatching(text) });
    expect(found?.text).not.toContain('Run a full cycle first');
    expect(standing(input, ['user-without-account'], failure)).toEqual([]);
  });

  test('whose account failed by trouble that passes is waited for, with the reason', () => {
    const [found] = standing(annWithout(), ['user-without-account'], { code: 'Timeout' });
    expect(found).toMatchObject({ code: 'user-unlinked', text: expect.stringContaining('in escrow after 1 try') });
  });

  test('is never accepted where Entra is the engine: the account may be there and not be found', () => {
    const input = annWithout({}, ['x1', 'x2']);
    const entra: PlanInput = { ...input, rules: { ...input.rules, engine: 'entra' } };
    const [found] = standing(entra, ['user-without-account']);
    expect(found).toMatchObject({ code: 'user-unlinked', text: expect.stringContaining('matching attributes') });
  });
});
