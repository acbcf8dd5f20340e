import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { configSchema } from '../../src/config/json-schema.ts';
import { rulesOf } from '../../src/config/rules.ts';
import { redact, showConfig } from '../../src/config/show.ts';
import { configFolder, EXAMPLE, exampleWith } from './builders.ts';

const folder = configFolder();
afterAll(() => folder.remove());

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: boolean;
  readonly enum?: readonly string[];
  readonly default?: unknown;
}

/** Every object of a schema, wherever it is nested. */
function objectsOf(schema: Schema): Schema[] {
  const inner = [
    ...Object.values(schema.properties ?? {}),
    ...(schema.items === undefined ? [] : [schema.items]),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
  ];
  return [...(schema.type === 'object' ? [schema] : []), ...inner.flatMap(objectsOf)];
}

describe('the published JSON Schema', () => {
  const schema: Schema & { readonly $schema?: string } = configSchema();

  test('is draft 07, which editors read', () => {
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
  });

  test('refuses unknown keys at every level', () => {
    const objects = objectsOf(schema);
    expect(objects.length).toBeGreaterThan(20);
    expect(objects.filter((inner) => inner.additionalProperties !== false)).toEqual([]);
  });

  test('lets a reference stand where a number or a choice is wanted', () => {
    const port = schema.properties?.['http']?.properties?.['port'];
    expect(port).toEqual({
      anyOf: [
        { type: 'integer', minimum: 0, maximum: 65535 },
        { type: 'string', pattern: String.raw`\$\{` },
      ],
      default: 4040,
    });
    expect(schema.properties?.['log']?.properties?.['format']?.anyOf?.[0]?.enum).toEqual(['auto', 'json', 'pretty']);
  });
});

describe('config show', () => {
  test('marks defaults, names variables, redacts secrets, and is itself valid YAML of the same meaning', () => {
    const text = exampleWith('token_file: ./acme-token', 'token: "${T}"').replace('cloud: global', 'cloud: "${C}"');
    const file = folder.check(text, { T: 'geheim', C: 'usgov' });
    const shown = showConfig(file);
    expect(shown).toMatch(/cloud: usgov # from C\n/);
    expect(shown).toMatch(/token: "?\[redacted\]"? # from T\n/);
    expect(shown).toMatch(/ {2}port: 4040 # default\n/);
    expect(shown).toMatch(/ {2}kind: entra\n/);
    expect(parse(shown)).toEqual(redact(file.settings));
  });

  test.each([
    ['postgres://ada:geheim@db:5432/headgate', 'postgres://ada:[redacted]@db:5432/headgate'],
    ['redis://:geheim@cache', 'redis://:[redacted]@cache'],
    ['postgres://db/headgate?password=geheim', 'postgres://db/headgate?[redacted]'],
    ['file:./data', 'file:./data'],
  ])('shows the address %s as %s', (address, shown) => {
    expect(redact(address)).toBe(shown);
  });

  test.each([
    ['https://scim.example.com/scim/v2/geheim', 'https://scim.example.com/[redacted]'],
    ['https://hooks.example.com?key=geheim', 'https://hooks.example.com/[redacted]'],
    ['HTTPS://x:geheim@scim.example.com:8443/', 'https://scim.example.com:8443'],
    ['https://', '[redacted]'],
  ])('O6: shows of the SCIM endpoint or webhook %s where it is and no more: %s', (url, shown) => {
    expect(redact({ provider: { url } })).toEqual({ provider: { url: shown } });
  });

  test('O6: the address of a SCIM endpoint that stands in a variable is shown with its name', () => {
    const text = exampleWith('url: "https://scim.example.com/scim/v2/"', 'url: "${ACME}"');
    const shown = showConfig(folder.check(text, { ACME: 'https://scim.example.com/scim/v2/geheim' }));
    expect(shown).toMatch(/url: "?https:\/\/scim\.example\.com\/\[redacted\]"? # from ACME\n/);
  });
});

test('the rules of a connection leave out everything that does not decide what a plan holds', () => {
  const [connection] = folder.check(EXAMPLE).config.connections;
  expect(connection === undefined ? [] : Object.keys(rulesOf(connection))).toEqual([
    'name',
    'application',
    'scope',
    'mapping',
    'deprovision',
    'drift',
    'guards',
  ]);
});
