import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { URN } from '../../../src/core/scim.ts';
import { accountBody, create, patchBody, valueAt, withProvider, type Answer } from './scim-client.ts';

const suite = z.object({
  steps: z.array(
    z.object({
      step_type: z.string(),
      note: z.string().optional(),
      method: z.string().optional(),
      url: z.string().optional(),
      body: z.string().optional(),
      headers: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
      variables: z.array(z.object({ name: z.string().nullable(), property: z.string().nullable() })).optional(),
      assertions: z
        .array(
          z.object({ comparison: z.string(), source: z.string(), property: z.string().optional(), value: z.unknown() }),
        )
        .optional(),
    }),
  ),
});
type Step = z.infer<typeof suite>['steps'][number];
type Assertion = NonNullable<Step['assertions']>[number];

function stepsOf(file: string): Step[] {
  const url = new URL(`../../fixtures/${file}`, import.meta.url);
  return suite.parse(JSON.parse(readFileSync(url, 'utf8'))).steps;
}

function fillIn(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => variables.get(name) ?? `missing-${name}`);
}

function holds(assertion: Assertion, answer: Answer, wanted: string): boolean {
  const { comparison, source, property } = assertion;
  const found = source === 'response_status' ? answer.status : valueAt(answer.body, property ?? '');
  switch (comparison) {
    case 'equal_number':
      return found === Number(wanted);
    case 'equal':
      return JSON.stringify(found) === wanted || found === wanted;
    case 'not_empty':
      return found !== undefined && found !== null && found !== '';
    case 'is_a_number':
      return typeof found === 'number';
    case 'has_value':
    case 'contains':
      return Array.isArray(found) && found.includes(wanted);
    default:
      throw new Error(`the comparison ${comparison} is not known`);
  }
}

/** The assertions that do not hold, as Okta wrote them. Response times are not looked at. */
function broken(step: Step, answer: Answer, variables: ReadonlyMap<string, string>): readonly Assertion[] {
  const assertions = (step.assertions ?? []).filter((assertion) => assertion.source !== 'response_time');
  return assertions.filter(
    (assertion) =>
      !holds(assertion, answer, fillIn(JSON.stringify(assertion.value ?? '').replaceAll('"', ''), variables)),
  );
}

function remember(step: Step, answer: Answer, variables: Map<string, string>): void {
  for (const { name, property } of step.variables ?? []) {
    const value = valueAt(answer.body, property ?? '');
    if (name !== null && typeof value === 'string') variables.set(name, value);
  }
}

const VALUES = new Map([
  ['InvalidUserEmail', 'abcdefgh@atko.example'],
  ['UserIdThatDoesNotExist', '010101001010101011001010101011'],
  ['randomEmail', 'runscope300@atko.example'],
  ['randomUsername', 'runscope300'],
  ['randomUsernameCaps', 'RUNSCOPE300'],
  ['randomGivenName', 'Runscope'],
  ['randomFamilyName', 'Random'],
]);

test("Okta's SCIM 2.0 SPEC test passes, step by step", async () => {
  await withProvider({}, async ({ provider, send }) => {
    const seen = {
      displayName: 'First',
      emails: [{ value: 'first@atko.example', type: 'work' }],
      name: { givenName: 'F', familyName: 'U' },
    };
    create(provider, accountBody('first', seen));
    const variables = new Map(VALUES);
    let checked = 0;
    for (const step of stepsOf('Okta-SCIM-20-SPEC-Test.json').filter((each) => each.step_type === 'request')) {
      const path = fillIn(step.url ?? '', variables).replace('missing-SCIMBaseURL', '');
      // Their step for 401 differs from the others by sending no usable token.
      const headers = step.note?.includes('Check status 401') ? { authorization: 'Bearer invalid' } : {};
      const body = step.body === undefined || step.body === '' ? undefined : fillIn(step.body, variables);
      const answer = await send(
        step.method ?? 'GET',
        path.replaceAll(' ', '%20').replaceAll('"', '%22'),
        body,
        headers,
      );
      expect({ note: step.note, broken: broken(step, answer, variables) }).toEqual({ note: step.note, broken: [] });
      checked += step.assertions?.length ?? 0;
      remember(step, answer, variables);
    }
    expect(checked).toBeGreaterThanOrEqual(50);
  });
});

/**
 * The CRUD test drives Okta's API and reads the provider after it. What Okta sends in between is documented: a create,
 * PUT for changes, and `active` by PATCH without a path; never a DELETE.
 */
test("Okta's SCIM 2.0 CRUD sequence leaves the account as its assertions want it", async () => {
  await withProvider({}, async ({ send }) => {
    const variables = new Map([
      ['okta_user_email', 'crud@atko.example'],
      ['okta_user_firstname', 'Runscope'],
      ['okta_user_firstname_update', 'Updated'],
      ['okta_user_lastname', 'User'],
    ]);
    function body(givenName: string): Record<string, unknown> {
      return {
        schemas: [URN.user],
        userName: 'crud@atko.example',
        name: { givenName, familyName: 'User' },
        emails: [{ primary: true, value: 'crud@atko.example', type: 'work' }],
        active: true,
      };
    }
    const active = (value: boolean): object => patchBody({ op: 'replace', value: { active: value } });
    function path(): string {
      return `/Users/${variables.get('scim_id')}`;
    }
    const between: (() => Promise<Answer>)[] = [
      () => send('POST', '/Users', body('Runscope')),
      () => send('PUT', path(), body('Updated')),
      () => send('PATCH', path(), active(false)),
      () => send('PATCH', path(), active(true)),
      () => send('PATCH', path(), active(false)),
    ];
    const checks = stepsOf('Okta-SCIM-20-CRUD-Test.json').filter((step) => step.url?.startsWith('{{SCIMUrl}}'));
    expect(checks).toHaveLength(between.length);
    for (const [index, step] of checks.entries()) {
      const sent = await between[index]?.();
      expect([200, 201]).toContain(sent?.status);
      const url = fillIn(step.url?.replace('{{SCIMUrl}}', '') ?? '', variables);
      const answer = await send('GET', url.replaceAll(' ', '%20').replaceAll('"', '%22'));
      expect({ note: step.note, broken: broken(step, answer, variables) }).toEqual({ note: step.note, broken: [] });
      remember(step, answer, variables);
    }
  });
});
