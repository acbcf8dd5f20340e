import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/core/errors.ts';
import type { ConfigProblem } from '../../src/core/errors.ts';
import { DEFAULT_MAPPING } from '../../src/core/mapping/default-mapping.ts';
import { configFolder, EXAMPLE, exampleWith } from './builders.ts';

const folder = configFolder();
afterAll(() => folder.remove());

interface Row {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly path: string;
  readonly at: readonly [line: number, column: number];
  readonly says: RegExp;
}

/** Each row breaks the example in one place and names where the report must point. */
const ROWS: readonly Row[] = [
  {
    rule: 'an unknown key is refused at the key, with the one that was meant',
    from: 'nestedGroups: direct',
    to: 'nested_groups: direct',
    path: 'connections[0].scope.nested_groups',
    at: [18, 28],
    says: /unknown key "nested_groups" \(did you mean "nestedGroups"\?\)/,
  },
  {
    rule: 'an unknown key at the top that is near nothing is answered with the known ones',
    from: 'queue:',
    to: 'zebra:',
    path: 'zebra',
    at: [2, 1],
    says: /unknown key "zebra"; known here: database, queue/,
  },
  {
    rule: 'an unknown key that is set to nothing is refused as any other',
    from: 'nestedGroups: direct',
    to: 'nested_groups: ',
    path: 'connections[0].scope.nested_groups',
    at: [18, 28],
    says: /unknown key "nested_groups" \(did you mean "nestedGroups"\?\)/,
  },
  {
    rule: 'an unknown key that an empty variable sets to nothing is refused, inside a list as well',
    from: 'mapping: default',
    to: 'mapping: [ { target: userName, source: mail, aply: "${NOTHING:-}" } ]',
    path: 'connections[0].mapping[0].aply',
    at: [19, 50],
    says: /unknown key "aply" \(did you mean "apply"\?\)/,
  },
  {
    rule: 'a missing key is reported at the key of the mapping it is missing from',
    from: '  client: 22222222-2222-4222-8222-222222222222\n',
    to: '',
    path: 'directory.client',
    at: [3, 1],
    says: /is required/,
  },
  {
    rule: 'a missing endpoint is reported where endpoints stands',
    from: '{ login: "http://127.0.0.1:4010", graph: "http://127.0.0.1:4010/v1.0" }',
    to: '{ login: "http://127.0.0.1:4010" }',
    path: 'directory.endpoints.graph',
    at: [9, 3],
    says: /is required/,
  },
  {
    rule: 'the application must be an id',
    from: '33333333-3333-4333-8333-333333333333',
    to: 'Acme',
    path: 'connections[0].application',
    at: [12, 18],
    says: /must be an id such as/,
  },
  {
    rule: 'a connection name has no capitals or spaces',
    from: 'name: acme',
    to: 'name: Acme GmbH',
    path: 'connections[0].name',
    at: [11, 11],
    says: /lower-case letters/,
  },
  {
    rule: 'an unknown profile is answered with those there are',
    from: 'profile: generic',
    to: 'profile: salesfroce',
    path: 'connections[0].provider.profile',
    at: [14, 16],
    says: /must be one of generic, .*; found "salesfroce" \(did you mean "salesforce"\?\)/,
  },
  {
    rule: 'plain http to another machine is refused',
    from: 'https://scim.example.com/scim/v2/',
    to: 'http://scim.example.com/scim/v2/',
    path: 'connections[0].provider.url',
    at: [15, 12],
    says: /plain http would send the credential in clear text to scim\.example\.com/,
  },
  {
    rule: 'a host that only begins like loopback is not loopback',
    from: 'http://127.0.0.1:4010/v1.0',
    to: 'http://127.0.0.1.example.com/v1.0',
    path: 'directory.endpoints.graph',
    at: [9, 55],
    says: /plain http/,
  },
  {
    rule: 'an address with a query string is refused, because it may hold a key',
    from: 'https://scim.example.com/scim/v2/',
    to: 'https://scim.example.com/scim/v2?key=1',
    path: 'connections[0].provider.url',
    at: [15, 12],
    says: /query string/,
  },
  {
    rule: 'a password in the address is refused',
    from: 'https://scim.example.com',
    to: 'https://ada:pw@scim.example.com',
    path: 'connections[0].provider.url',
    at: [15, 12],
    says: /user name or password/,
  },
  {
    rule: 'a secret and its file exclude each other',
    from: 'kind: bearer, token_file: ./acme-token',
    to: 'kind: bearer, token: abc, token_file: ./acme-token',
    path: 'connections[0].provider.credential.token_file',
    at: [16, 47],
    says: /token and token_file exclude each other/,
  },
  {
    rule: 'a credential without its secret is refused',
    from: 'kind: client_secret, secret_file: ./entra-secret',
    to: 'kind: client_secret',
    path: 'directory.credential.secret',
    at: [7, 3],
    says: /secret_file \(or secret\) is required for kind client_secret/,
  },
  {
    rule: 'a secret file that is not there is named with its whole path',
    from: './acme-token',
    to: './acme-tokn',
    path: 'connections[0].provider.credential.token_file',
    at: [16, 47],
    says: /file \/.*acme-tokn does not exist/,
  },
  {
    rule: 'an unknown kind of credential is answered with those there are',
    from: 'kind: bearer',
    to: 'kind: basic',
    path: 'connections[0].provider.credential.kind',
    at: [16, 27],
    says: /must be one of bearer, oauth_client_credentials; found "basic"/,
  },
  {
    rule: 'an owner is a person',
    from: 'owner: ada@contoso.com',
    to: 'owner: Ada Lovelace',
    path: 'connections[0].provider.credential.owner',
    at: [16, 68],
    says: /userPrincipalName/,
  },
  {
    rule: 'a cron pattern has five fields',
    from: '"*/5 * * * *"',
    to: '"*/5 * * * * *"',
    path: 'connections[0].schedule.incremental',
    at: [17, 30],
    says: /five fields .*found 6/,
  },
  {
    rule: 'a cron pattern that never fires is refused',
    from: '"0 3 * * 0"',
    to: '"0 3 31 2 *"',
    path: 'connections[0].schedule.full',
    at: [17, 51],
    says: /not a cron pattern/,
  },
  {
    rule: 'a time zone must exist',
    from: 'full: "0 3 * * 0"',
    to: 'timezone: Europe/Berln',
    path: 'connections[0].schedule.timezone',
    at: [17, 55],
    says: /"Europe\/Berln" is not a time zone/,
  },
  {
    rule: 'a percentage above a hundred is refused with the number found',
    from: 'percent: 10',
    to: 'percent: 101',
    path: 'connections[0].guards.tooManyRemovals.percent',
    at: [21, 54],
    says: /at most 100, found 101/,
  },
  {
    rule: 'a count is a whole number',
    from: 'count: 50',
    to: 'count: 2.5',
    path: 'connections[0].guards.tooManyRemovals.count',
    at: [21, 41],
    says: /must be a whole number, found the number 2\.5/,
  },
  {
    rule: 'a guard that says that something is not known cannot be switched off',
    from: 'guards: { tooManyRemovals: { count: 50, percent: 10 } }',
    to: 'guards: { off: [incomplete-read] }',
    path: 'connections[0].guards.off[0]',
    at: [21, 21],
    says: /must be one of native-job-active, .*; found "incomplete-read"/,
  },
  {
    rule: 'a limit for one kind of removal needs both numbers',
    from: 'tooManyRemovals: { count: 50, percent: 10 }',
    to: 'tooManyRemovals: { accountsDeleted: { count: 3 } }',
    path: 'connections[0].guards.tooManyRemovals.accountsDeleted.percent',
    at: [21, 34],
    says: /required|must be/,
  },
  {
    rule: 'a deprovisioning action is one of three',
    from: 'unassigned: disable',
    to: 'unassigned: remove',
    path: 'connections[0].deprovision.unassigned',
    at: [20, 32],
    says: /must be one of disable, delete, keep; found "remove"/,
  },
  {
    rule: 'a deprovisioning action with a delay is one of three as well',
    from: 'unassigned: disable',
    to: 'unassigned: { action: remove, after: 7d }',
    path: 'connections[0].deprovision.unassigned.action',
    at: [20, 42],
    says: /must be one of disable, delete, keep; found "remove"/,
  },
  {
    rule: 'a delay has a unit',
    from: 'unassigned: disable',
    to: 'unassigned: { action: disable, after: "7" }',
    path: 'connections[0].deprovision.unassigned.after',
    at: [20, 58],
    says: /must be a whole number and s, m, h, d or w, such as 7d or 36h/,
  },
  {
    rule: 'a delay is not longer than anybody means',
    from: 'unassigned: disable',
    to: 'unassigned: { action: disable, after: 9999w }',
    path: 'connections[0].deprovision.unassigned.after',
    at: [20, 58],
    says: /must be at most ten years/,
  },
  {
    rule: 'a database address must have a scheme the program knows',
    from: 'file:./headgate-data',
    to: 'mysql://x',
    path: 'database.url',
    at: [1, 18],
    says: /must begin with file: or postgres: or postgresql:/,
  },
  {
    rule: 'a mapping of another kind is answered with the forms there are',
    from: 'mapping: default',
    to: 'mapping: 4',
    path: 'connections[0].mapping',
    at: [19, 14],
    says: /must be default, a list of attribute lines, or \{ extends: default/,
  },
  {
    rule: 'an attribute line needs to say where its value comes from',
    from: 'mapping: default',
    to: 'mapping: [ { target: userName, match: 1 } ]',
    path: 'connections[0].mapping[0]',
    at: [19, 16],
    says: /needs one of source, constant, expression/,
  },
  {
    rule: 'an attribute line has one source of its value',
    from: 'mapping: default',
    to: 'mapping: { extends: default, attributes: [ { target: title, source: jobTitle, constant: x } ] }',
    path: 'connections[0].mapping.attributes[0]',
    at: [19, 48],
    says: /has source and constant: keep one/,
  },
  {
    rule: 'an unknown key of an attribute line is found inside the list form',
    from: 'mapping: default',
    to: 'mapping: [ { target: userName, sorce: mail } ]',
    path: 'connections[0].mapping[0].sorce',
    at: [19, 36],
    says: /did you mean "source"/,
  },
  {
    rule: 'an expression that cannot be read is reported at its line',
    from: 'mapping: default',
    to: 'mapping: { extends: default, attributes: [ { target: title, expression: "Jion([a])" } ] }',
    path: 'connections[0].mapping.attributes[0]',
    at: [19, 48],
    says: /Jion/,
  },
  {
    rule: 'leaving out a target the default mapping does not have is a mistake',
    from: 'mapping: default',
    to: 'mapping: { extends: default, without: [ displayname ] }',
    path: 'connections[0].mapping.without[0]',
    at: [19, 45],
    says: /no target "displayname" \(did you mean "displayName"\?\)/,
  },
  {
    rule: 'a variable that is not set is reported where it is used',
    from: 'secret_file: ./entra-secret',
    to: 'secret: "${env:ENTRA_SECRET}"',
    path: 'directory.credential.secret',
    at: [7, 46],
    says: /environment variable ENTRA_SECRET is not set/,
  },
  {
    rule: 'a required setting whose variable is empty names the variable',
    from: '11111111-1111-4111-8111-111111111111',
    to: '${TENANT}',
    env: { TENANT: '' },
    path: 'directory.tenant',
    at: [5, 11],
    says: /required, but environment variable TENANT is empty/,
  },
  {
    rule: 'a key given twice is no valid YAML',
    from: '  cloud: global',
    to: '  kind: entra',
    path: '',
    at: [8, 3],
    says: /not valid YAML: Map keys must be unique/,
  },
];

describe('a broken setting is reported with its path, line and column', () => {
  test.each(ROWS)('$rule', ({ from, to, env, path, at, says }) => {
    const problems = folder.problems(exampleWith(from, to), env ?? {});
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    expect(problems[0]?.message).toMatch(says);
    expect([problems[0]?.line, problems[0]?.column]).toEqual(at);
  });
});

describe('YAML that cannot be a configuration', () => {
  test.each([
    ['an alias of itself', 'x: &a [ *a ]\n', /an alias refers to a value it is part of/],
    ['aliases that multiply', bomb(), /Excessive alias count/],
    ['two documents', 'a: 1\n---\nb: 2\n', /several documents; keep one/],
    ['a tag of a programming language', 'a: !!js/function "x"\n', /Unresolved tag/],
    ['a bracket that is never closed', 'a: [ 1\n', /not valid YAML/],
    ['plain text', 'just text\n', /must be a group of settings, found text/],
    ['a list', '- a\n', /must be a group of settings, found a list/],
    ['a merge key, which YAML 1.2 does not have', `${EXAMPLE}<<: { log: { level: info } }\n`, /unknown key "<<"/],
    ['a key named __proto__', `${EXAMPLE}__proto__: { log: {} }\n`, /unknown key "__proto__"/],
  ])('%s is refused in words', (_rule, text, says) => {
    expect(folder.problems(text).map((problem) => problem.message)).toEqual([expect.stringMatching(says)]);
  });
});

/** A few lines that mean 100,000 values ("billion laughs"). */
function bomb(): string {
  const line = (name: string, of: string) =>
    `${name}: &${name} [ ${Array.from({ length: 10 }, () => of).join(', ')} ]\n`;
  return line('a', 'x') + line('b', '*a') + line('c', '*b') + line('d', '*c');
}

describe('the configuration as a whole', () => {
  test('every problem is reported at once, in the order of the file', () => {
    const text = EXAMPLE.replace('cloud: global', 'cloud: mars')
      .replace('count: 50', 'count: many')
      .replace('./acme-token', './nowhere')
      .replace('url: "redis://127.0.0.1:6379"', 'url: "${REDIS}"');
    expect(folder.problems(text).map(({ path, line }) => `${line} ${path}`)).toEqual([
      '2 queue.url',
      '8 directory.cloud',
      '16 connections[0].provider.credential.token_file',
      '21 connections[0].guards.tooManyRemovals.count',
    ]);
  });

  test('two connections may not have the same name', () => {
    const second = EXAMPLE.slice(EXAMPLE.indexOf('  - name: acme'));
    const [problem, ...more] = folder.problems(EXAMPLE + second);
    expect(more).toEqual([]);
    expect(problem).toMatchObject({ path: 'connections[1].name', line: 22, column: 11 });
    expect(problem?.message).toContain('also the name of connections[0]');
  });

  test('the example of the documentation is accepted and means what it says', async () => {
    const { config } = folder.check(EXAMPLE);
    expect(config).toMatchObject({
      database: { kind: 'embedded', path: `${folder.path}/headgate-data` },
      queue: { kind: 'redis' },
      directory: { cloud: 'global', endpoints: { graph: 'http://127.0.0.1:4010/v1.0' } },
      http: { host: '127.0.0.1', port: 4040, tokenFile: `${folder.path}/headgate-api-token` },
      log: { level: 'info', format: 'auto' },
      worker: { leaseSeconds: 30, drainSeconds: 20 },
      retention: { logDays: 90, unchangedCycleDays: 7 },
      warnings: [],
    });
    const [connection] = config.connections;
    expect(connection).toMatchObject({
      name: 'acme',
      scope: { groups: true, nestedGroups: 'direct' },
      provider: {
        url: 'https://scim.example.com/scim/v2',
        timeoutSeconds: 30,
        credential: { owner: 'ada@contoso.com' },
      },
      schedule: { incremental: '*/5 * * * *', full: '0 3 * * 0', timezone: 'UTC' },
      guards: { tooManyRemovals: { count: 50, percent: 10 }, protectedAccounts: [] },
    });
    expect(connection?.mapping).toEqual(DEFAULT_MAPPING);
    const { credential } = config.directory;
    expect(credential.kind === 'client_secret' ? await credential.secret.read() : '').toBe('entra-s3cret');
  });

  test('ids and domains of the directory mean the same in capital letters', () => {
    const ids = { tenant: 'aaaaaaaa-0000-4000-8000-00000000000b', application: 'cccccccc-0000-4000-8000-00000000000d' };
    const written = EXAMPLE.replace(/tenant: .*/, `tenant: ${ids.tenant.toUpperCase()}`).replace(
      /application: .*/,
      `application: ${ids.application.toUpperCase()}`,
    );
    const { directory, connections } = folder.check(written).config;
    expect([directory.tenant, connections[0]?.application]).toEqual([ids.tenant, ids.application]);
    const domain = EXAMPLE.replace(/tenant: .*/, 'tenant: Contoso.OnMicrosoft.com');
    expect(folder.check(domain).config.directory.tenant).toBe('contoso.onmicrosoft.com');
  });

  test('the identity migrations write with is another application, in capital letters as well', () => {
    const client = 'aaaaaaaa-0000-4000-8000-00000000000c';
    const migration = `  migration: { client: ${client.toUpperCase()}, credential: { kind: managed_identity } }\n`;
    const text = EXAMPLE.replace(/  client: .*\n/, `  client: ${client}\n${migration}`);
    expect(folder.problems(text).map(({ path }) => path)).toEqual(['directory.migration.client']);
  });

  test('two connections to the same service provider are warned of, however they write its address', () => {
    const second = EXAMPLE.slice(EXAMPLE.indexOf('  - name: acme')).replace('name: acme', 'name: eu');
    const { warnings } = folder.check(EXAMPLE + second.replace('scim.example.com', 'SCIM.Example.com:443')).config;
    expect(warnings).toMatchObject([
      { path: 'connections[1].provider.url', message: expect.stringContaining('same service provider') },
    ]);
  });

  test("Entra's own engine is named apart from Headgate's, and leaves no cycles to schedule", () => {
    const [own] = folder.check(EXAMPLE).config.connections;
    expect(own).not.toHaveProperty('engine');
    const entra = EXAMPLE.replace('  - name: acme', '  - name: acme\n    engine: entra');
    expect(folder.problems(entra).map(({ path, line }) => `${line} ${path}`)).toEqual([
      '18 connections[0].schedule.incremental',
      '18 connections[0].schedule.full',
    ]);
    const [accompanied] = folder.check(entra.replace(/    schedule: .*/, '')).config.connections;
    expect(accompanied).toMatchObject({ engine: 'entra' });
  });

  test("Entra's own engine counts direct members of groups only, and so must the scope beside it", () => {
    const entra = EXAMPLE.replace('  - name: acme', '  - name: acme\n    engine: entra').replace(
      /    schedule: .*/,
      '',
    );
    const nested = entra.replace(/    scope: .*/, '    scope: { groups: true, nestedGroups: expand }');
    expect(nested).not.toBe(entra);
    expect(folder.problems(nested)).toMatchObject([
      {
        path: 'connections[0].scope.nestedGroups',
        message: expect.stringMatching(/Entra.* direct members.* would lose access/),
      },
    ]);
  });

  test('what is left out takes the safe default: only a hard delete deletes', () => {
    const text = EXAMPLE.replace(/    (scope|mapping|deprovision|guards|schedule): .*\n/g, '');
    const [connection] = folder.check(text).config.connections;
    expect(connection).toMatchObject({
      deprovision: {
        unassigned: { action: 'disable', afterMs: 0 },
        disabled: { action: 'disable', afterMs: 0 },
        softDeleted: { action: 'disable', afterMs: 0 },
        hardDeleted: { action: 'delete', afterMs: 0 },
        filtered: { action: 'disable', afterMs: 0 },
      },
      guards: { tooManyRemovals: { count: 50, percent: 10 } },
      schedule: { timezone: 'UTC' },
    });
    expect(connection?.schedule.full).toBeUndefined();
  });

  test.each([
    ['7d', 7 * 86_400_000],
    ['36h', 36 * 3_600_000],
    ['90m', 90 * 60_000],
    ['0s', 0],
    ['2w', 14 * 86_400_000],
  ])('a cause may be given a delay: %s', (after, afterMs) => {
    const text = exampleWith('unassigned: disable', `unassigned: { action: delete, after: ${after} }`);
    const [connection] = folder.check(text).config.connections;
    expect(connection?.deprovision.unassigned).toEqual({ action: 'delete', afterMs });
    expect(connection?.deprovision.hardDeleted).toEqual({ action: 'delete', afterMs: 0 });
  });

  test('an empty variable leaves an optional setting unset', () => {
    const text = exampleWith('redis://127.0.0.1:6379', '${REDIS_URL:-}');
    expect(folder.check(text).config.queue).toEqual({ kind: 'database' });
  });

  test('numbers and switches may come from the environment', () => {
    const text = `${exampleWith('groups: true', 'groups: "${GROUPS}"')}http: { port: "\${PORT}" }\n`;
    const { config } = folder.check(text, { GROUPS: 'false', PORT: '5050' });
    expect(config.http.port).toBe(5050);
    expect(config.connections[0]?.scope.groups).toBe(false);
  });

  test('a token of digits stays text', async () => {
    const text = exampleWith('token_file: ./acme-token', 'token: "${TOKEN}"');
    const credential = folder.check(text, { TOKEN: '0012e3' }).config.connections[0]?.provider.credential;
    expect(credential?.kind === 'bearer' ? await credential.token.read() : '').toBe('0012e3');
  });

  test('a mapping that extends the default replaces lines in place, adds others and leaves some out', () => {
    const text = exampleWith(
      'mapping: default',
      'mapping: { extends: default, without: [ title ], attributes: [ { target: userName, source: mail, match: 1 }, { target: nickName, constant: x } ] }',
    );
    const mapping = folder.check(text).config.connections[0]?.mapping ?? [];
    expect(mapping[0]).toEqual({ kind: 'direct', target: 'userName', source: 'mail', match: 1 });
    expect(mapping.at(-1)).toEqual({ kind: 'constant', target: 'nickName', value: 'x' });
    expect(mapping.map((line) => line.target)).not.toContain('title');
    expect(mapping).toHaveLength(DEFAULT_MAPPING.length);
  });

  test('an empty file says what it needs', () => {
    expect(folder.problems('# nothing yet\n')[0]?.message).toContain('"directory" and "connections"');
  });

  test('a file that is not there says how to name one', () => {
    expect(() => loadConfig(`${folder.path}/absent.yaml`, {})).toThrow(ConfigError);
  });

  test.each([
    ['postgres://ada:pw@db.example.com/headgate', 'postgres'],
    ['postgresql:///headgate?host=/run/postgresql', 'postgres'],
    ['file:data', 'embedded'],
    ['file:///var/lib/headgate', 'embedded'],
  ])('database address %s is %s', (url, kind) => {
    expect(folder.check(exampleWith('file:./headgate-data', url)).config.database.kind).toBe(kind);
  });
});

test('a mapping is checked whatever else is wrong with the file', () => {
  const text = exampleWith(
    'mapping: default',
    'mapping: { extends: default, attributes: [ { target: nickName, expression: "Tolower([mail)" } ] }',
  ).replace('kind: entra', 'kind: okta');
  expect(folder.problems(text).map(({ path }) => path)).toEqual([
    'directory.kind',
    'connections[0].mapping.attributes[0]',
  ]);
});

describe('a window of removals', () => {
  const withWindow = (hours: number) =>
    `${EXAMPLE.replace('percent: 10', `percent: 10, windowHours: ${hours}`)}retention: { logDays: 2 }\n`;

  test('longer than the log is kept is refused where it is set', () => {
    expect(folder.problems(withWindow(49))).toEqual([
      {
        path: 'connections[0].guards.tooManyRemovals.windowHours',
        message: expect.stringMatching(/longer than the log is kept .*logDays to 3/),
        line: 21,
        column: 71,
      },
    ]);
  });

  test('as long as the log is kept is allowed', () => {
    expect(folder.check(withWindow(48)).config.warnings).toEqual([]);
  });
});

test('a secret file without a secret is found before a cycle fails of it', () => {
  folder.write('empty-token', '', 0o600);
  expect(folder.problems(exampleWith('./acme-token', './empty-token'))).toEqual([
    expect.objectContaining({ line: 16, message: expect.stringMatching(/empty-token is empty; write the secret/) }),
  ]);
});

describe('warnings do not refuse the configuration', () => {
  test('a secret file everybody can read is named with the remedy', () => {
    folder.write('open-token', 'x\n', 0o644);
    const { warnings } = folder.check(exampleWith('./acme-token', './open-token')).config;
    expect(warnings).toEqual([
      expect.objectContaining({ line: 16, message: expect.stringMatching(/everybody .*open-token; chmod 600/) }),
    ]);
  });

  test('a secret written out is told to move into a file', () => {
    const { warnings } = folder.check(exampleWith('token_file: ./acme-token', 'token: abc')).config;
    expect(warnings.map((warning) => warning.message)).toEqual([expect.stringContaining('token_file keeps it out')]);
  });

  test.each([
    ['{ target: nickNmae, constant: x }', /no user attribute "nickNmae"; did you mean nickName\?/],
    ['{ target: nickName, source: departmnt }', /no user attribute "departmnt" .*did you mean department\?/],
    ['{ target: nickName, expression: "ToLower([jobTitel])" }', /"jobTitel" .*did you mean jobTitle\?/],
    ['{ target: favouriteColour, constant: x }', /no user attribute "favouriteColour"$/],
  ])('a mapping line %s names something no schema knows', (line, message) => {
    const text = exampleWith('mapping: default', `mapping: { extends: default, attributes: [ ${line} ] }`);
    expect(folder.check(text).config.warnings).toEqual([
      expect.objectContaining({
        path: 'connections[0].mapping.attributes[0]',
        message: expect.stringMatching(message),
      }),
    ]);
  });

  test('extensions of the directory and schemas of the provider are nobody else’s business', () => {
    const lines = [
      '{ target: nickName, source: extension_0123456789abcdef0123456789abcdef_badge }',
      '{ target: title, source: ext12ab34cd_hr.level }',
      '{ target: "urn:ietf:params:scim:schemas:extension:acme:2.0:User:badge", constant: x }',
    ];
    const text = exampleWith('mapping: default', `mapping: { extends: default, attributes: [ ${lines.join(', ')} ] }`);
    expect(folder.check(text).config.warnings).toEqual([]);
  });

  test('an API open to other machines is pointed out', () => {
    const { warnings } = folder.check(`${EXAMPLE}http: { host: 0.0.0.0 }\n`).config;
    expect(warnings).toEqual([expect.objectContaining({ path: 'http.host', line: 22 })]);
  });
});

/** The example with a few cuts, repeated pieces and foreign pieces. */
const mangled = fc
  .array(
    fc.record({
      from: fc.nat(EXAMPLE.length),
      cut: fc.nat(12),
      put: fc.oneof(
        fc.constantFrom(
          '',
          '{',
          '}',
          '[',
          ']',
          ':',
          ' ',
          '\n',
          '  ',
          '- ',
          '"',
          '&a ',
          '*a',
          '!!int ',
          '${X}',
          '${',
          'null',
          '~',
          '-1',
          '1e9',
        ),
        fc.string({ unit: 'grapheme', maxLength: 4 }),
      ),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((edits) =>
    edits.reduce((text, { from, cut, put }) => text.slice(0, from) + put + text.slice(from + cut), EXAMPLE),
  );

test('whatever was written, it is accepted or refused with problems, and every place lies inside the file', () => {
  fc.assert(
    fc.property(mangled, (text) => {
      const lines = text.split('\n').length;
      const problems = outcome(text);
      for (const { line, message } of problems) {
        expect(message).not.toBe('');
        expect(line ?? 1).toBeGreaterThanOrEqual(1);
        expect(line ?? 1).toBeLessThanOrEqual(lines);
      }
    }),
    { numRuns: 300 },
  );
});

/** Problems of a text, none when it is accepted. Anything but ConfigError is a defect and fails the test. */
function outcome(text: string): readonly ConfigProblem[] {
  try {
    folder.check(text);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
