import { describe, expect, test } from 'vitest';
import type { AttributeValue } from '../../src/core/directory.ts';
import { leftOut } from '../../src/core/reasons.ts';
import { compileFilters, type FilterClause } from '../../src/core/scoping-filter.ts';
import { aUser } from '../builders.ts';

const attribute = 'extensionAttribute1';
const select = 'onPremisesExtensionAttributes.extensionAttribute1';

function userWith(value: AttributeValue) {
  return aUser('a', { attributes: { [select]: value } });
}

type Without<T> = T extends unknown ? Omit<T, 'attribute'> : never;
type Rule = Without<FilterClause>;

describe('a clause of a scoping filter', () => {
  test.each<readonly [Rule, lets: readonly AttributeValue[], leaves: readonly AttributeValue[]]>([
    [{ is: 'equals', value: 'Sales' }, ['Sales'], ['sales', 'Sales ', '', null]],
    [{ is: 'not-equals', value: 'Sales' }, ['sales', 'IT'], ['Sales', '', null]],
    [{ is: 'equals', value: '7' }, [7, '7'], ['07', 70]],
    [{ is: 'is-true' }, [true, 'True', 'true'], [false, 'yes', '', null]],
    [{ is: 'is-false' }, [false, 'False'], [true, '0', '', null]],
    [{ is: 'is-null' }, [null, '', []], ['x', 0, false, ['x']]],
    [{ is: 'is-not-null' }, ['x', 0, false, ['x', 'y']], [null, '', []]],
    [{ is: 'regex-match', value: '^[1-9][0-9]$' }, ['42', 42], ['142', '420', '', null]],
    [
      { is: 'regex-match', value: String.raw`.*\@contoso\.com$` },
      ['a@contoso.com'],
      ['a@CONTOSO.com', 'a@contoso.community'],
    ],
    [{ is: 'regex-match', value: '(?i)^sales.*' }, ['SALES EMEA'], ['Presales']],
    [{ is: 'not-regex-match', value: '^Ext-.*' }, ['Int-1', 'ext-1'], ['Ext-1', '', null]],
    [{ is: 'greater-than', value: 10 }, ['11', 11, '00011'], ['10', 10, '9', '11.5', 'x', '', null]],
    [{ is: 'greater-than-or-equals', value: 10 }, ['10', '12345678901234567890123'], ['9', '-10', null]],
  ])('%j', (rule, lets, leaves) => {
    const { admits } = compileFilters([{ name: 'F', clauses: [{ attribute, ...rule }] }]);
    expect(lets.map((value) => [value, admits(userWith(value))])).toEqual(lets.map((value) => [value, true]));
    expect(leaves.map((value) => [value, admits(userWith(value))])).toEqual(leaves.map((value) => [value, false]));
  });

  test.each<readonly [string, Rule, AttributeValue | undefined]>([
    ['an attribute that was not read', { is: 'equals', value: 'Sales' }, undefined],
    ['an attribute that was not read, even asked whether it is empty', { is: 'is-null' }, undefined],
    ['several values', { is: 'not-equals', value: 'Sales' }, ['Sales', 'IT']],
    ['a value too long for a pattern', { is: 'regex-match', value: '^a.*' }, 'b'.repeat(1025)],
  ])('decides nothing on %s', (_what, rule, value) => {
    const { admits } = compileFilters([{ name: 'F', clauses: [{ attribute, ...rule }] }]);
    expect(admits(value === undefined ? aUser('a') : userWith(value))).toBeUndefined();
  });
});

describe('scoping filters together', () => {
  const sales: FilterClause = { attribute: 'department', is: 'equals', value: 'Sales' };
  const berlin: FilterClause = { attribute: 'city', is: 'equals', value: 'Berlin' };
  const who = (department?: string, city?: string) =>
    aUser('a', {
      attributes: { ...(department === undefined ? {} : { department }), ...(city === undefined ? {} : { city }) },
    });
  const both = compileFilters([{ name: 'Both', clauses: [sales, berlin] }]);
  const either = compileFilters([
    { name: 'Sales', clauses: [sales] },
    { name: 'Berlin', clauses: [berlin] },
  ]);

  test.each([
    [who('Sales', 'Berlin'), true, true],
    [who('Sales', 'Bonn'), false, true],
    [who('IT', 'Bonn'), false, false],
    [who('Sales'), undefined, true],
    [who('IT'), false, undefined],
    [who(), undefined, undefined],
  ])('all clauses of one filter must hold, and one filter is enough: %#', (user, all, one) => {
    expect([both.admits(user), either.admits(user)]).toEqual([all, one]);
  });

  test('none let everybody in, and nothing has to be read for them', () => {
    const { admits, selects } = compileFilters();
    expect([admits(who()), selects]).toEqual([true, []]);
  });

  test('name the directory attributes they need, and of each filter what a user fails', () => {
    expect(either.selects).toEqual(['city', 'department']);
    expect(compileFilters([{ name: 'F', clauses: [{ attribute, is: 'is-null' }] }]).selects).toEqual([select]);
    expect(leftOut(who('IT', 'Bonn'), { filters: either })).toBe(
      'left out by scoping filters Sales (department equals "Sales") and Berlin (city equals "Berlin")',
    );
    expect(leftOut(who('Sales', 'Bonn'), { filters: both })).toBe(
      'left out by scoping filter Both (city equals "Berlin")',
    );
  });
});
