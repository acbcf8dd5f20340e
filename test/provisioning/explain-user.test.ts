import { expect, test } from 'vitest';
import { compileFilters } from '../../src/core/scoping-filter.ts';
import { concludeScope, explainUser } from '../../src/provisioning/explain-user.ts';
import { aLink, aSnapshot, assignUser, aUser } from '../builders.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

const { id } = assignUser('a');
const paths = [{ kind: 'direct', assignment: id, roleId: 'r' }] as const;

const filters = compileFilters([
  { name: 'Sales', clauses: [{ attribute: 'department', is: 'equals', value: 'Sales' }] },
  { name: 'Named', clauses: [{ attribute: 'displayName', is: 'regex-match', value: '^User.*' }] },
]);
const elsewhere = { displayName: 'Robot', department: 'Warehouse' };

test.each([
  ['somebody assigned', aUser('a'), paths, undefined, /^entitled/],
  ['somebody not assigned', aUser('a'), [], undefined, /^not entitled: neither/],
  [
    'somebody blocked',
    aUser('a', { enabled: false }),
    paths,
    undefined,
    /^not entitled: in scope .* sign-in is blocked/,
  ],
  [
    'somebody no scoping filter lets in',
    aUser('a', { attributes: elsewhere }),
    paths,
    undefined,
    'not entitled: assigned directly, but left out by scoping filters Sales (department equals "Sales") and Named (displayName regex match "^User.*")',
  ],
  [
    'somebody of whom too little is known for the filters',
    aUser('a', { attributes: { displayName: 'Robot' } }),
    paths,
    undefined,
    /^not decided: .* nothing is taken away/,
  ],
  ['somebody deleted', undefined, [], 'soft-deleted', /^not entitled: deleted .* restorable/],
  ['somebody deleted who is listed still', undefined, paths, 'soft-deleted', /^not entitled: deleted .* restorable/],
  ['somebody deleted for good', undefined, [], 'absent', /^not entitled: permanently deleted/],
  [
    'somebody nowhere who is listed still',
    undefined,
    paths,
    'absent',
    /^not decided: still in scope .* nothing is taken/,
  ],
  ['somebody not looked for', undefined, [], undefined, /^not entitled: the directory could not say/],
] as const)('%s is told so', (_who, user, reached, where, words) => {
  expect(concludeScope(user, reached, where, filters)).toMatch(words);
});

test.each([
  ['without an account', [], /has no account yet and cannot get one: .*userName/],
  ['with one that was deleted', [aLink('a', { state: 'deleted' })], /has no account any more and cannot get one/],
] as const)('somebody the mapping makes nothing of, %s, is told why', (_which, links, words) => {
  const users = [aUser('a', { attributes: { userPrincipalName: null } })];
  const directory = aSnapshot({ users, assignments: [assignUser('a')] });
  const connection = aConnection(fakeDirectory({ assignments: [] }), fakeProvider({}));
  expect(explainUser(connection, { directory, links }, 'a').conclusion).toMatch(words);
});
