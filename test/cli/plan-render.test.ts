import { describe, expect, test } from 'vitest';
import { createPaint } from '../../src/cli/render/paint.ts';
import { renderPlan, SHOWN_OPERATIONS } from '../../src/cli/render/plan.ts';
import { printable } from '../../src/core/printable.ts';
import { clip, shownDuration } from '../../src/cli/render/text.ts';
import { WAVE } from '../../src/core/operation.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { createOperation, disableOperation, planOf, testIo } from './builders.ts';

const plain = createPaint(testIo().stdout, false);
const allowed: Verdict = { refused: false, findings: [] };

describe('a plan for people', () => {
  test('groups operations by wave, in order, with the reason in words', () => {
    const plan = planOf([disableOperation('1', 'leaver@contoso.com'), createOperation('2', 'joiner@contoso.com')]);
    expect(renderPlan({ plan, verdict: allowed }, plain, Infinity)).toBe(
      [
        'Wave 0: disable (1 operation)',
        '  OPERATION        WHO OR WHAT         WHY                                          CHANGES',
        '  disable account  leaver@contoso.com  lost its only path: group IT was unassigned',
        '',
        'Wave 1: accounts (1 operation)',
        '  OPERATION       WHO OR WHAT         WHY                        CHANGES',
        '  create account  joiner@contoso.com  entitled through group IT  1 attribute',
        '',
        '2 operations: 1 disable account, 1 create account.',
        '  3 entitled users, 2 linked accounts; 1 group in scope, 1 linked SCIM group; 0 memberships added, 0 removed.',
        `  connection acme, full plan, digest ${plan.digest}`,
      ].join('\n'),
    );
  });

  test('says what will be done later, and when, apart from what is done now', () => {
    const waits = {
      resource: 'account',
      anchor: '1',
      label: 'leaver@contoso.com',
      action: 'disable',
      cause: 'unassigned',
      dueAt: Date.parse('2026-12-01T08:00:00Z'),
      reason: 'group IT was unassigned',
      begins: true,
    } as const;
    const waiting = [waits, { ...waits, resource: 'group', label: 'IT', action: 'delete' } as const];
    const text = renderPlan({ plan: planOf([]), verdict: allowed, waiting }, plain, 12);
    expect(text).toContain(
      [
        'Waiting (2 removals, not done by this plan)',
        '  leaver@contoso.com will be disabled at 2026-12-01 08:00:00Z: group IT was unassigned',
        '  SCIM group IT will be deleted at 2026-12-01 08:00:00Z: group IT was unassigned',
      ].join('\n'),
    );
    expect(text).toContain('Nothing to do.');
    expect(renderPlan({ plan: planOf([]), verdict: allowed, waiting }, plain, 1)).toContain('… 1 more removal; --all');
  });

  test('names attributes that change without their schema, and never their values', () => {
    const plan = planOf([
      {
        key: '1:account:update:1',
        wave: WAVE.accounts,
        resource: 'account',
        kind: 'update',
        anchor: '1',
        label: 'ada@contoso.com',
        reason: { code: 'attributes-differ', text: 'title differs' },
        resourceId: 'r1',
        attributes: [
          { path: 'title', before: 'Countess', after: 'Programmer' },
          {
            path: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department',
            before: null,
            after: 'Programmer',
          },
        ],
        references: [{ path: 'manager', to: '2' }],
      },
    ]);
    const text = renderPlan({ plan, verdict: allowed }, plain, Infinity);
    expect(text).toMatch(/update account .* title differs +title, department, manager\n/);
    expect(text).not.toMatch(/Countess|Programmer/);
  });

  test('shows the first twelve of a wave and says how many more there are', () => {
    const plan = planOf(
      Array.from({ length: 120 }, (_, index) => createOperation(String(index), `u${index}@contoso.com`)),
    );
    const text = renderPlan({ plan, verdict: allowed }, plain, SHOWN_OPERATIONS);
    expect(text.match(/create account {2}u/g)).toHaveLength(12);
    expect(text).toContain('Wave 1: accounts (120 operations)');
    expect(text).toContain('… 108 more operations; --all shows them');
  });

  test('without operations says that there is nothing to do', () => {
    expect(renderPlan({ plan: planOf([]), verdict: allowed }, plain, Infinity)).toMatch(/^Nothing to do\.\n/);
  });

  test('marks what a guard holds, and gives its message and remedy', () => {
    const held = disableOperation('1', 'leaver@contoso.com');
    const verdict: Verdict = {
      refused: false,
      findings: [
        {
          guard: 'too-many-removals',
          effect: 'hold',
          message: '1 of 2 accounts would be removed (50 %)',
          remedy: 'look at the group, then approve',
          operations: [held.key],
          numbers: {},
        },
      ],
    };
    const text = renderPlan({ plan: planOf([held]), verdict }, plain, Infinity);
    expect(text).toContain('disable account (held)');
    expect(text).toContain(
      'Guard too-many-removals holds 1 operation: 1 of 2 accounts would be removed (50 %)\n  look at the group',
    );
    expect(text).toContain('1 operation: 1 disable account; 1 held.');
  });

  test.each([
    ['what a person may decide about', 'too-many-removals', undefined, false, true],
    ['what only lifts when its cause is mended', 'token-owner', undefined, false, false],
    ['what was approved', 'too-many-removals', { hold: '1', by: 'ada', until: 9 }, false, false],
    ['a plan that is refused as a whole', 'too-many-removals', undefined, true, false],
  ] as const)('says that only a cycle makes a hold, of %s', (_what, guard, approved, refused, says) => {
    const held = disableOperation('1', 'leaver@contoso.com');
    const finding = { guard, effect: 'hold', message: 'm', remedy: 'r', operations: [held.key], numbers: {} } as const;
    const verdict: Verdict = { refused, findings: [approved === undefined ? finding : { ...finding, approved }] };
    const text = renderPlan({ plan: planOf([held]), verdict }, plain, Infinity);
    expect(text.includes('headgate cycle start -c acme --full --wait\n  Then look and decide')).toBe(says);
  });

  test('a name cannot move the cursor or turn the text around', () => {
    const plan = planOf([createOperation('1', 'evil\u001b[2J\u202egnp.exe@x')]);
    const text = renderPlan({ plan, verdict: allowed }, plain, Infinity);
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('\u202e');
    expect(text).toContain('evil\ufffd[2J\ufffdgnp.exe@x');
  });
});

describe('text for the screen', () => {
  test.each([
    ['a short text stays', 'abc', 5, 'abc'],
    ['a long text ends in an ellipsis', 'abcdef', 4, 'abc…'],
    ['a character outside the basic plane is not cut in half', '😀😀😀', 2, '😀…'],
  ])('%s', (_rule, text, width, expected) => {
    expect(clip(text, width)).toBe(expected);
  });

  test.each([
    [0, '0s'],
    [59_400, '59s'],
    [65_000, '1m 05s'],
    [7_800_000, '2h 10m'],
  ])('%d ms is %s', (ms, expected) => {
    expect(shownDuration(ms)).toBe(expected);
  });

  test('letters of any script are printable', () => {
    expect(printable('Ağ Дж 名 é')).toBe('Ağ Дж 名 é');
  });
});
