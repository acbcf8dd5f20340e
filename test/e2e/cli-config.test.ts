import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { headgate } from './world.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'headgate-config-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const BROKEN = `database: { url: "mysql://localhost/x" }
directory:
  kind: entra
  tenant: 11111111-1111-1111-1111-111111111111
  client: 22222222-2222-2222-2222-222222222222
  credential: { kind: client_secret, secret_file: ./missing }
  colour: blue
connections:
  - name: Acme Corp
    application: 33333333-3333-3333-3333-333333333333
    provider:
      profile: salesfroce
      url: http://acme.example.com/scim
      credential: { kind: bearer, token: "t0psecret-token" }
    schedule: { full: "61 3 * * 0" }
    guards: { tooManyRemovals: { count: -1, percent: 200 } }
`;

describe('a configuration that cannot be used', () => {
  test.each(['config check', 'serve', 'plan', 'status', 'cycle start --full', 'doctor'])(
    '%s ends with 78 and tells every problem with its place, and no secret',
    async (command) => {
      writeFileSync(join(directory, 'headgate.yaml'), BROKEN);
      const { code, stdout, stderr } = await headgate(command.split(' '), directory);
      expect(code).toBe(78);
      const said = stdout + stderr;
      for (const [line, what] of [
        [1, 'database'],
        [7, 'colour'],
        [9, 'name'],
        [12, 'salesforce'],
        [13, 'url'],
        [15, 'full'],
        [16, 'count'],
        [16, 'percent'],
      ] as const) {
        expect(said).toMatch(new RegExp(`headgate\\.yaml:${line}:\\d+ .*${what}`));
      }
      expect(said).not.toContain('t0psecret');
    },
  );

  test.each([
    ['no file', undefined, /headgate\.yaml.*(cannot be read|does not exist|ENOENT)/],
    ['an empty file', '', /headgate\.yaml/],
    ['no YAML', 'a: [b', /headgate\.yaml:\d+:\d+/],
    ['a key written twice', 'database: {}\ndatabase: {}\n', /headgate\.yaml:2:1: .*keys must be unique/],
    ['a list', '- a\n', /headgate\.yaml/],
    ['a variable that is not set', 'database: { url: "${NO_SUCH_VARIABLE_HERE}" }\n', /NO_SUCH_VARIABLE_HERE/],
  ] as const)('%s ends with 78 and says so', async (_what, text, message) => {
    rmSync(join(directory, 'headgate.yaml'), { force: true });
    if (text !== undefined) writeFileSync(join(directory, 'headgate.yaml'), text);
    const { code, stderr } = await headgate(['config', 'check'], directory);
    expect(code).toBe(78);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
