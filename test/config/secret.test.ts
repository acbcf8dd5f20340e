import { inspect } from 'node:util';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/core/errors.ts';
import { showConfig } from '../../src/config/show.ts';
import { configFolder, EXAMPLE, exampleWith } from './builders.ts';
import type { Secret } from '../../src/config/secret.ts';

const folder = configFolder();
afterAll(() => folder.remove());

function tokenOf(text: string, env: Readonly<Record<string, string>> = {}): Secret {
  const credential = folder.check(text, env).config.connections[0]?.provider.credential;
  if (credential?.kind !== 'bearer') throw new Error('the example has a bearer token');
  return credential.token;
}

describe('a secret', () => {
  test('cannot be printed in any usual way', () => {
    const text = exampleWith('token_file: ./acme-token', 'token: "${T}"').replace(
      'redis://127.0.0.1:6379',
      'redis://u:s3same@127.0.0.1:6379',
    );
    const file = folder.check(text, { T: 's3same' });
    const token = tokenOf(text, { T: 's3same' });
    const prints = [
      JSON.stringify(file.config),
      inspect(file.config, { depth: 20, showHidden: true }),
      [token].join(),
      String(token),
      inspect(token),
      JSON.stringify({ token }),
      showConfig(file),
    ];
    for (const printed of prints) {
      expect(printed).not.toContain('s3same');
      expect(printed).toContain('[redacted]');
    }
  });

  test('never stands in the message about a configuration that holds it in the wrong place', () => {
    const text = exampleWith('token_file: ./acme-token', 'token: s3same, tken: s3same').replace(
      'https://scim.example.com/scim/v2/',
      'https://x:s3same@scim.example.com?t=s3same',
    );
    const problems = folder.problems(text.replace('count: 50', 'count: s3same'));
    expect(problems).toHaveLength(3);
    expect(JSON.stringify(problems)).not.toContain('s3same');
  });

  test('never stands in the message about a choice its variable was put into', () => {
    const text = exampleWith('profile: generic', 'profile: "${T}"').replace('cloud: global', 'cloud: "${T}"');
    const problems = folder.problems(text, { T: 's3same' });
    expect(problems.map((problem) => problem.message)).toEqual([
      expect.stringMatching(/T holds something else/),
      expect.stringMatching(/T holds something else/),
    ]);
    expect(JSON.stringify(problems)).not.toContain('s3same');
  });

  test('is read when it is used, so that a rotated file is seen', async () => {
    folder.write('rotating', 'first\n');
    const token = tokenOf(exampleWith('./acme-token', './rotating'));
    expect(await token.read()).toBe('first');
    folder.write('rotating', 'second\r\n');
    expect(await token.read()).toBe('second');
  });

  test('keeps inner line breaks and spaces; one trailing line break is not part of it', async () => {
    folder.write('pem', ' line one\nline two\n\n');
    expect(await tokenOf(exampleWith('./acme-token', './pem')).read()).toBe(' line one\nline two\n');
  });

  test.each([
    ['empty', '\n', /is empty/],
    ['gone', undefined, /cannot be read \(ENOENT\)/],
  ])('whose file is %s says so with the setting it belongs to', async (name, content, says) => {
    const path = folder.write(`broken-${name}`, 'x');
    const token = tokenOf(exampleWith('./acme-token', `./broken-${name}`));
    if (content === undefined) rmSync(path);
    else writeFileSync(path, content);
    const error = await token.read().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(ConfigError);
    expect(error instanceof ConfigError ? error.problems : []).toEqual([
      { path: 'connections[0].provider.credential.token_file', message: expect.stringMatching(says) },
    ]);
  });

  test('of a bare name is looked up in $CREDENTIALS_DIRECTORY first', async () => {
    mkdirSync(`${folder.path}/credentials`);
    folder.write('credentials/acme-token', 'from-systemd\n');
    const env = { CREDENTIALS_DIRECTORY: `${folder.path}/credentials` };
    expect(await tokenOf(exampleWith('./acme-token', 'acme-token'), env).read()).toBe('from-systemd');
    expect(await tokenOf(EXAMPLE, env).read()).toBe('acme-t0ken');
  });
});
