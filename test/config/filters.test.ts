import { afterAll, describe, expect, test } from 'vitest';
import { configSchema } from '../../src/config/json-schema.ts';
import { configFolder, EXAMPLE, exampleWith } from './builders.ts';

const folder = configFolder();
afterAll(() => folder.remove());

const SCOPE = '    scope: { groups: true, nestedGroups: direct }\n';

function withClause(clause: string): string {
  return exampleWith(
    SCOPE,
    ['    scope:', '      filters:', '        - name: Staff', '          clauses:', `            - ${clause}`, ''].join(
      '\n',
    ),
  );
}

describe('scoping filters in the configuration', () => {
  test('are read as written, numbers also from the environment', () => {
    const text = exampleWith(
      SCOPE,
      `    scope:
      filters:
        - name: Sales in Europe
          clauses:
            - { attribute: department, is: equals, value: Sales }
            - { attribute: usageLocation, is: regex-match, value: '^(DE|FR)$' }
        - name: Long-standing
          clauses:
            - { attribute: employeeId, is: greater-than, value: "\${LAST}" }
            - { attribute: employeeType, is: is-not-null }
`,
    );
    const [connection] = folder.check(text, { LAST: '1000' }).config.connections;
    expect(connection?.scope).toEqual({
      groups: true,
      nestedGroups: 'direct',
      filters: [
        {
          name: 'Sales in Europe',
          clauses: [
            { attribute: 'department', is: 'equals', value: 'Sales' },
            { attribute: 'usageLocation', is: 'regex-match', value: '^(DE|FR)$' },
          ],
        },
        {
          name: 'Long-standing',
          clauses: [
            { attribute: 'employeeId', is: 'greater-than', value: 1000 },
            { attribute: 'employeeType', is: 'is-not-null' },
          ],
        },
      ],
    });
  });

  test('that are none leave the scope what it was before there were any', () => {
    const none = exampleWith('nestedGroups: direct', 'nestedGroups: direct, filters: []');
    const [connection] = folder.check(none).config.connections;
    expect(connection?.scope).toEqual({ groups: true, nestedGroups: 'direct' });
    expect(connection?.scope).toEqual(folder.check(EXAMPLE).config.connections[0]?.scope);
  });

  test.each<readonly [clause: string, key: string, column: number, says: RegExp]>([
    ['{ attribute: Department, is: is-null }', '.attribute', 28, /case-sensitive: write department, not Department/],
    ['{ attribute: manager, is: is-null }', '.attribute', 28, /manager cannot be filtered by/],
    ['{ attribute: proxyAddresses, is: is-null }', '.attribute', 28, /has several values/],
    ['{ attribute: "job title", is: is-null }', '.attribute', 28, /is no directory attribute; did you mean jobTitle\?/],
    [
      '{ attribute: city, is: equal, value: Bonn }',
      '.is',
      38,
      /must be one of equals, .*; found "equal" \(did you mean "equals"\?\)/,
    ],
    ['{ attribute: city, is: equals }', '', 15, /equals needs a value/],
    ['{ attribute: city, is: is-null, value: Bonn }', '.value', 54, /is-null takes no value: take it out/],
    ['{ attribute: employeeId, is: equals, value: 007 }', '.value', 59, /put it in quotes/],
    [
      '{ attribute: city, is: equals, value: "" }',
      '.value',
      53,
      /must not be empty; for users without a value write is: is-null/,
    ],
    ['{ attribute: employeeId, is: greater-than, value: ten }', '.value', 65, /must be a whole number/],
    ['{ attribute: city, is: regex-match, value: "^(a$" }', '.value', 58, /not a regular expression/],
    ['{ attribute: city, is: regex-match, value: Bonn }', '.value', 58, /say where it begins and ends/],
    ['{ attribute: city, is: not-regex-match, value: "^(a+)+$" }', '.value', 62, /could take for ever/],
    ['{ attribute: city, is: is-null, values: [] }', '.values', 47, /unknown key "values" \(did you mean "value"\?\)/],
  ])('%s is refused at its place', (clause, key, column, says) => {
    const [problem, ...others] = folder.problems(withClause(clause));
    expect(others).toEqual([]);
    expect(problem).toMatchObject({
      path: `connections[0].scope.filters[0].clauses[0]${key}`,
      line: 22,
      column,
      message: expect.stringMatching(says),
    });
  });

  test('a filter without clauses would let everybody in, and is refused', () => {
    const text = exampleWith('nestedGroups: direct', 'filters: [ { name: Staff, clauses: [] } ]');
    expect(folder.problems(text)).toMatchObject([{ message: 'must have at least one clause' }]);
  });

  test('an attribute nobody knows is a warning: it may be an extension', () => {
    const { warnings } = folder.check(withClause('{ attribute: departement, is: is-not-null }')).config;
    expect(warnings).toMatchObject([
      { line: 22, column: 28, message: expect.stringMatching(/"departement".*did you mean "department"/) },
    ]);
    const extension = '{ attribute: extension_0123456789abcdef0123456789abcdef_team, is: is-not-null }';
    expect(folder.check(withClause(extension)).config.warnings).toEqual([]);
  });

  test('are in the published schema, every operator by name', () => {
    expect(JSON.stringify(configSchema())).toContain(
      '"equals","not-equals","regex-match","not-regex-match","is-true","is-false","is-null","is-not-null","greater-than","greater-than-or-equals"',
    );
  });
});
