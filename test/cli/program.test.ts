import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { configFileOf } from '../../src/cli/session.ts';
import { EXIT, EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { readVersion } from '../../src/cli/version.ts';
import type { SandboxOptions, ServeRole } from '../../src/cli/parts.ts';
import { configFolder, EXAMPLE, exampleWith } from '../config/builders.ts';
import { run, testIo, testParts } from './builders.ts';

const folder = configFolder();
writeFileSync(folder.file, EXAMPLE);
afterAll(() => folder.remove());

describe('help', () => {
  test('of the program lists every command and every exit code', async () => {
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    await expect(out).toMatchFileSnapshot('golden/help.txt');
  });

  test.each([['plan'], ['apply'], ['cycle start'], ['cycle show'], ['schedule'], ['explain'], ['serve'], ['sandbox']])(
    'of %s is as agreed',
    async (command) => {
      const { code, out } = await run([...command.split(' '), '--help']);
      expect(code).toBe(0);
      await expect(out).toMatchFileSnapshot(`golden/help-${command.replace(' ', '-')}.txt`);
    },
  );

  test('every command has a description, and every option', () => {
    const program = createProgram({ io: testIo(), parts: testParts(), ended: () => undefined });
    const all = program.commands.flatMap((command) => [command, ...command.commands]);
    expect(all.length).toBeGreaterThan(20);
    const silent = all.flatMap((command) => [
      ...(command.description() === '' ? [command.name()] : []),
      ...command.options
        .filter((option) => option.description === '')
        .map((option) => `${command.name()} ${option.flags}`),
    ]);
    expect(silent).toEqual([]);
  });
});

describe('a command that is not understood ends with 64, and says what is possible', () => {
  test.each([
    ['an unknown command', ['plann'], /unknown command 'plann'\n\(Did you mean plan\?\)/],
    ['an unknown option', ['plan', '--force'], /unknown option '--force'/],
    ['a missing argument', ['apply'], /missing required argument 'plan'/],
    ['a superfluous argument', ['status', 'now'], /too many arguments/],
    ['a group without a verb', ['cycle'], /Usage: headgate cycle/],
    ['an unknown role', ['serve', '--role', 'boss'], /Allowed choices are all, worker, scheduler, api/],
    ['a time without a unit', ['cycle', 'start', '--full', '--timeout', '90'], /such as 90s, 15m or 2h/],
    ['a count that is none', ['cycle', 'list', '--limit', '-3'], /whole number of at least 1/],
    [
      'a token that cannot be one',
      ['token', 'show', 'zzzz'],
      /'zzzz' is invalid .*'fingerprint'\. Copy at least its first 4/,
    ],
    [
      'a plan that is not there',
      ['apply', 'nope.json'],
      /cannot be read \(ENOENT\); make one with: headgate plan --out/,
    ],
    ['an unknown connection', ['plan', '-c', 'acmee'], /no connection is named "acmee" \(did you mean "acme"\?\)/],
  ])('%s', async (_rule, argv, says) => {
    const { code, out, err } = await run([...argv, '--config', folder.file]);
    expect({ code, out }).toEqual({ code: EXIT.usage, out: '' });
    expect(err).toMatch(says);
  });

  test.each([[['--json', 'plann']], [['plann', '--json']], [['apply', '--json']]])(
    'and says so to scripts as well: %s',
    async (argv) => {
      const { code, out } = await run([...argv, '--config', folder.file]);
      expect(code).toBe(EXIT.usage);
      expect(JSON.parse(out)).toMatchObject({ type: 'error', problem: { code: 'usage', detail: expect.any(String) } });
    },
  );

  test.each([
    [['plan'], 'name one with -c (acme, other)'],
    [['escrow', 'list'], 'name one with -c (acme, other)'],
    [['probe'], 'name one (acme, other): headgate probe acme'],
    [['migration', 'status'], 'name one (acme, other): headgate migration status acme'],
  ])('a connection left out although there are two, and how this command takes it: %s', async (argv, says) => {
    const second = EXAMPLE.slice(EXAMPLE.indexOf('  - name: acme')).replace('acme', 'other');
    const file = folder.write('two.yaml', EXAMPLE + second.replace('/scim/v2/', '/other/v2'));
    const { code, err } = await run([...argv, '--config', file]);
    expect(code).toBe(EXIT.usage);
    expect(err).toContain(`there are 2 connections: ${says}\n`);
  });
});

describe('config', () => {
  test('check says on stdout that the file is valid', async () => {
    expect(await run(['config', 'check', '--config', folder.file])).toEqual({
      code: EXIT.done,
      out: `${folder.file}: valid, 1 connection\n`,
      err: '',
    });
  });

  test('check lists every problem with file, line and column, and ends with 78', async () => {
    const file = folder.write('bad.yaml', exampleWith('cloud: global', 'cloud: mars').replace('count: 50', 'count: x'));
    const { code, out, err } = await run(['config', 'check', '--config', file]);
    expect({ code, out }).toEqual({ code: EXIT.config, out: '' });
    expect(err).toContain(`error: ${file}: 2 problems in the configuration\n`);
    expect(err).toContain(`${file}:8:10 directory.cloud: must be one of global, usgov, usgovdod, china; found "mars"`);
    expect(err).toContain(`${file}:21:41 connections[0].guards.tooManyRemovals.count: must be a number, found text`);
  });

  test('check under --json is one document', async () => {
    const file = folder.write('bad.yaml', exampleWith('cloud: global', 'cloud: mars'));
    const { code, out } = await run(['config', 'check', '--json', '--config', file]);
    expect(code).toBe(EXIT.config);
    expect(JSON.parse(out)).toMatchObject({ ok: false, problems: [{ path: 'directory.cloud', line: 8, column: 10 }] });
  });

  test('an empty HEADGATE_CONFIG names no file', () => {
    expect(configFileOf({}, testIo({ env: { HEADGATE_CONFIG: '' } }))).toBe('./headgate.yaml');
  });

  test('the file is named by HEADGATE_CONFIG, and by --config before that', async () => {
    const io = testIo({ env: { HEADGATE_CONFIG: folder.file } });
    expect((await run(['config', 'check'], io)).code).toBe(EXIT.done);
    const other = testIo({ env: { HEADGATE_CONFIG: folder.file } });
    expect(await run(['config', 'check', '--config', '/nowhere.yaml'], other)).toMatchObject({
      code: EXIT.config,
      err: expect.stringMatching(/nowhere.yaml: cannot be read \(ENOENT\).*headgate sandbox\n$/),
    });
  });

  test('schema prints JSON, show prints YAML without secrets', async () => {
    expect(JSON.parse((await run(['config', 'schema'])).out)).toMatchObject({ title: 'Headgate configuration' });
    const file = folder.write('inline.yaml', exampleWith('token_file: ./acme-token', 'token: geheim'));
    for (const flags of [[], ['--json']]) {
      const { code, out } = await run(['config', 'show', ...flags, '--config', file]);
      expect(code).toBe(EXIT.done);
      expect(out).toContain('[redacted]');
      expect(out).not.toContain('geheim');
    }
  });
});

describe('what starts large parts', () => {
  test('serve hands the checked configuration and its role over, and its exit code back', async () => {
    const roles: ServeRole[] = [];
    const parts = testParts({
      async serve(config, { role }) {
        expect(config.connections).toHaveLength(1);
        roles.push(role);
        return EXIT.terminated;
      },
    });
    expect((await run(['serve', '--config', folder.file], testIo(), parts)).code).toBe(143);
    await run(['serve', '--role', 'api', '--config', folder.file], testIo(), parts);
    expect(roles).toEqual(['all', 'api']);
  });

  test('sandbox needs no configuration and passes its options on', async () => {
    const asked: SandboxOptions[] = [];
    const parts = testParts({
      async runSandbox(options) {
        asked.push(options);
        return EXIT.done;
      },
    });
    await run(['sandbox', '--users', '20', '--provider', 'salesforce'], testIo(), parts);
    expect(asked).toEqual([
      {
        users: 20,
        groups: 30,
        seed: 1,
        port: 4010,
        directory: './headgate-sandbox',
        provider: 'salesforce',
        engine: 'headgate',
      },
    ]);
  });

  test('a defect ends with 1, says that it is one, and shows where', async () => {
    const parts = testParts({
      async serve() {
        throw new TypeError('boom');
      },
    });
    const { code, err } = await run(['serve', '--config', folder.file], testIo(), parts);
    expect(code).toBe(EXIT.failed);
    expect(err).toMatch(/error: internal: TypeError: boom\n {2}at .*program\.test\.ts/);
    expect(err).toContain('defect of Headgate');
  });
});

describe('colour', () => {
  test.each([
    ['a terminal gets colour', true, {}, [], true],
    ['a pipe gets none', false, {}, [], false],
    ['--no-color wins over a terminal', true, {}, ['--no-color'], false],
  ])('%s', async (_rule, terminal, env, flags, coloured) => {
    const io = testIo({ terminal, env });
    const { err } = await run(['config', 'check', ...flags, '--config', '/nowhere.yaml'], io);
    expect(err.includes('\u001b[')).toBe(coloured);
  });
});

test('version is that of package.json', async () => {
  expect(readVersion()).toMatch(/^\d+\.\d+\.\d+/);
  expect((await run(['version'])).out).toBe('headgate 1.2.3\n');
  expect(await run(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' });
});

test('every exit code has one line in the table', () => {
  expect(EXIT_CODES.map(([code]) => code)).toEqual(Object.values(EXIT));
});
