import { expect, test } from 'vitest';
import { DEFAULT_MAPPING } from '../../src/core/mapping/default-mapping.ts';
import { asKept } from '../../src/core/migration/sent-writes.ts';
import { WAVE, type CreateAccount } from '../../src/core/operation.ts';
import { shownOperation, shownValues } from '../../src/core/without-secrets.ts';
import { explainUser } from '../../src/provisioning/explain-user.ts';
import { compileMapping } from '../../src/core/mapping/compile-mapping.ts';
import { aPlan } from '../contract/plans.ts';
import { aPlanInput, assignUser, aUser, theRules } from '../builders.ts';
import { aConnection, fakeDirectory, fakeProvider } from '../provisioning/fakes.ts';

const SECRET = '4711-Start!';

const create: CreateAccount = {
  key: '1:account:create:ada',
  wave: WAVE.accounts,
  resource: 'account',
  kind: 'create',
  anchor: 'ada',
  label: 'ada@contoso.com',
  reason: { code: 'entitled', text: 'assigned directly' },
  attributes: [
    { path: 'userName', before: null, after: 'ada@contoso.com' },
    { path: 'password', before: null, after: SECRET },
  ],
  references: [],
};

test('an operation is shown without the password it sets, and the very same where it sets none', () => {
  const shown = shownOperation(create);
  expect(shown).toMatchObject({
    attributes: [create.attributes[0], { path: 'password', before: null, after: '[redacted]' }],
  });
  const plain = { ...create, attributes: create.attributes.slice(0, 1) };
  expect(shownOperation(plain)).toBe(plain);
});

test('a plan that is shown without its passwords has the digest of the plan itself', () => {
  expect(aPlan('acme', [shownOperation(create)]).digest).toBe(aPlan('acme', [create]).digest);
});

test.each([
  ['a create', { userName: 'ada', password: SECRET }, { userName: 'ada', password: '[redacted]' }],
  [
    'a change by path',
    { Operations: [{ op: 'replace', path: 'password', value: SECRET }] },
    { Operations: [{ op: 'replace', path: 'password', value: '[redacted]' }] },
  ],
  [
    'a change without a path',
    { Operations: [{ op: 'replace', value: { active: true, password: SECRET } }] },
    { Operations: [{ op: 'replace', value: { active: true, password: '[redacted]' } }] },
  ],
])('the body of %s is kept without the password', (_what, body, kept) => {
  expect(shownValues(body)).toEqual(kept);
  for (const outcome of ['done', 'failed'] as const)
    expect(asKept({ method: 'POST', path: '/Users', body, outcome })).toEqual({
      method: 'POST',
      path: '/Users',
      body: kept,
      outcome,
    });
});

test('what the mapping would give somebody is explained without the password', () => {
  const line = { kind: 'constant', value: SECRET, target: 'password', apply: 'create' } as const;
  const compiled = compileMapping([...DEFAULT_MAPPING, line]);
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
  const { directory } = aPlanInput({ users: [aUser('ada')], assignments: [assignUser('ada')] });
  const connection = aConnection(fakeDirectory({ assignments: [] }), fakeProvider({}));
  const asked = { ...connection, mapping: compiled.mapping, rules: theRules() };
  expect(explainUser(asked, { directory, links: [] }, 'ada').mapped).toMatchObject({
    userName: 'ada@contoso.com',
    password: '[redacted]',
  });
});
