import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { URN } from '../../../src/core/scim.ts';
import type { Complex } from '../../../src/sandbox/provider/json.ts';
import { isComplex } from '../../../src/sandbox/provider/json.ts';
import { accountBody, create, patchBody, textAt, valueAt, withProvider, type Answer, type Rig } from './scim-client.ts';

const example = z.object({
  rfc: z.string(),
  line: z.number(),
  http: z.string().optional(),
  json: z.custom<Complex>(isComplex),
});
type Example = z.infer<typeof example>;

const EXAMPLES = z
  .array(z.object({ json: z.unknown() }).loose())
  .parse(JSON.parse(readFileSync(new URL('../../fixtures/rfc-examples.json', import.meta.url), 'utf8')))
  .flatMap((each) => example.safeParse(each).data ?? []);

function urns(each: Example): string {
  return JSON.stringify(each.json['schemas'] ?? []);
}

/** A whole account or group; figures with dots for left-out parts are none. */
function isResource(each: Example): boolean {
  return (urns(each).includes(URN.user) || urns(each).includes(URN.group)) && each.json['Operations'] === undefined;
}

function isPatch(each: Example): boolean {
  return each.http?.startsWith('PATCH') === true || urns(each).includes(URN.patchOp);
}

function idOf(each: Example): string {
  return `RFC ${each.rfc} line ${each.line}`;
}

/** Why an example is refused here. Every other resource and PATCH of the RFCs must be accepted. */
const REFUSED: Readonly<Record<string, { readonly scimType: string; readonly because: string }>> = {
  'RFC 7644 line 1994': {
    scimType: 'invalidSyntax',
    because: 'it shows the state after a PATCH, not a PatchOp message',
  },
  'RFC 7644 line 2461': {
    scimType: 'invalidSyntax',
    because: 'it shows the state after a PATCH, not a PatchOp message',
  },
  'RFC 7644 line 2112': { scimType: 'invalidPath', because: 'it removes emails from a group, which has none' },
  'RFC 7644 line 2137': { scimType: 'invalidPath', because: 'it leaves out the space the grammar of figure 1 wants' },
};

/** The examples refer to accounts and groups of their own: they are made first, and named by their new ids. */
function withKnownIds(rig: Rig, json: Complex): Complex {
  const known = new Map<string, string>();
  function idFor(old: string, type: string): string {
    const id =
      known.get(old) ??
      create(rig.provider, type === 'Group' ? { schemas: [URN.group], displayName: old } : accountBody(`known-${old}`));
    known.set(old, id);
    return id;
  }
  const text = JSON.stringify(json, (key, value: unknown) => {
    if (key === 'members' && Array.isArray(value)) return value.map((member: unknown) => rename(member, idFor));
    // The line folds of the RFC's text are no part of the base64.
    if (key === 'value' && typeof value === 'string' && value.startsWith('MII')) return value.replaceAll(' ', '');
    if (key === 'manager') return rename(value, idFor);
    if (key === 'Operations' && Array.isArray(value)) {
      return value.map((operation: unknown) => {
        if (!isComplex(operation) || operation['path'] !== 'members' || !Array.isArray(operation['value']))
          return operation;
        return { ...operation, value: operation['value'].map((member) => rename(member, idFor)) };
      });
    }
    return value;
  });
  const renamed: Complex = JSON.parse(text);
  return renamed;
}

function rename(reference: unknown, idFor: (old: string, type: string) => string): unknown {
  if (!isComplex(reference) || typeof reference['value'] !== 'string') return reference;
  return { ...reference, value: idFor(reference['value'], reference['type'] === 'Group' ? 'Group' : 'User') };
}

/** What the answer must say: the status, or the stated refusal. */
function told(each: Example, status: number): object {
  const refusal = REFUSED[idOf(each)];
  return refusal === undefined ? { status } : { status: 400, scimType: refusal.scimType };
}

function tells(answer: Answer): object {
  return answer.status < 400 ? { status: answer.status } : { status: answer.status, scimType: answer.body['scimType'] };
}

const resources = EXAMPLES.filter(
  (each) => isResource(each) && typeof (each.json['userName'] ?? each.json['displayName']) === 'string',
);
test.each(resources.map((each) => ({ name: idOf(each), each })))(
  'the resource of $name can be created',
  async ({ each }) => {
    await withProvider({}, async (rig) => {
      const body = withKnownIds(rig, each.json);
      const answer = await rig.send('POST', body['userName'] === undefined ? '/Groups' : '/Users', body);
      expect(tells(answer)).toEqual(told(each, 201));
      expect(valueAt(answer.body, 'userName')).toEqual(body['userName']);
      expect(valueAt(answer.body, 'name')).toEqual(body['name']);
      expect(valueAt(answer.body, 'addresses')).toEqual(body['addresses']);
      expect(answer.body['id']).not.toBe(body['id']);
    });
  },
);

const patches = EXAMPLES.filter(isPatch);
test.each(patches.map((each) => ({ name: idOf(each), each })))(
  'the PATCH of $name is taken, or refused for a stated reason',
  async ({ each }) => {
    await withProvider({ overrides: { patchAnswer: { User: 'full', Group: 'full' } } }, async (rig) => {
      const onGroup = each.http?.includes('/Groups') ?? true;
      const address = [{ type: 'work', streetAddress: 'x', primary: true }];
      const id = create(
        rig.provider,
        onGroup ? { schemas: [URN.group], displayName: 'Tour Guides' } : accountBody('bjensen', { addresses: address }),
      );
      const body = withKnownIds(rig, each.json);
      expect(tells(await rig.send('PATCH', `/${onGroup ? 'Groups' : 'Users'}/${id}`, body))).toEqual(told(each, 200));
    });
  },
);

test('the examples hold what these tests are about', () => {
  expect(EXAMPLES.length).toBe(80);
  expect(resources.length).toBeGreaterThanOrEqual(12);
  expect(patches.length).toBeGreaterThanOrEqual(10);
  const names = new Set(EXAMPLES.map(idOf));
  expect(Object.keys(REFUSED).filter((name) => !names.has(name))).toEqual([]);
});

test.each(
  EXAMPLES.filter((each) => each.http?.includes('.search') === true && each.rfc === '7644').map((each) => ({
    name: idOf(each),
    each,
  })),
)('the search request of $name is answered', async ({ each }) => {
  await withProvider({}, async ({ send }) => {
    expect((await send('POST', '/.search', each.json)).status).toBe(200);
  });
});

test('/Bulk and /Me say that they are not supported', async () => {
  await withProvider({}, async ({ send }) => {
    const bulk = EXAMPLES.find(
      (each) => each.http?.includes('/Bulk') === true && each.json['Operations'] !== undefined,
    );
    expect((await send('POST', '/Bulk', bulk?.json)).status).toBe(501);
    expect((await send('GET', '/Me')).status).toBe(501);
  });
});

/** Where the served schemas differ from RFC 7643 section 8.7.1 on purpose. */
const DIFFERENCES = new Set([
  'addresses.primary', // the RFC's own figures use it
  'displayName of groups: required', // section 4.2 says so in words
  'members.display', // the RFC's own figures use it
]);

function namesOf(schema: unknown, prefix = ''): string[] {
  const attributes = isComplex(schema) ? (schema['attributes'] ?? schema['subAttributes']) : undefined;
  const list = Array.isArray(attributes) ? attributes.filter(isComplex) : [];
  return list.flatMap((each) => {
    const name = `${prefix}${textAt(each, 'name')}`;
    const facts = ['type', 'multiValued', 'mutability', 'returned'].map((key) => JSON.stringify(each[key])).join(' ');
    return [`${name}: ${facts}`, ...namesOf(each, `${name}.`)];
  });
}

test('the served schemas are those of RFC 7643', async () => {
  await withProvider({}, async ({ send }) => {
    for (const urn of [URN.user, URN.group, URN.enterpriseUser]) {
      const served = namesOf((await send('GET', `/Schemas/${encodeURIComponent(urn)}`)).body);
      const printed = namesOf(
        EXAMPLES.find((each) => each.json['id'] === urn && each.json['attributes'] !== undefined)?.json,
      );
      expect(printed.length).toBeGreaterThanOrEqual(5);
      expect(printed.filter((each) => !served.includes(each))).toEqual([]);
      expect(
        served.filter((each) => !printed.includes(each)).filter((each) => !DIFFERENCES.has(each.split(':')[0] ?? '')),
      ).toEqual([]);
    }
  });
});

test('the full PATCH body builder is what the RFC sends', () => {
  expect(patchBody({ op: 'remove', path: 'members' })).toEqual(EXAMPLES.find((each) => each.line === 2102)?.json);
});
