import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../src/core/errors.ts';
import type { ConfigProblem } from '../../src/core/errors.ts';
import type { Environment } from '../../src/config/interpolate.ts';
import { checkText } from '../../src/config/load.ts';
import type { CheckedFile } from '../../src/config/load.ts';

/** The example of the documentation: every secret in a file, nothing left to a default that matters. */
export const EXAMPLE = `database: { url: "file:./headgate-data" }
queue: { url: "redis://127.0.0.1:6379" }
directory:
  kind: entra
  tenant: 11111111-1111-4111-8111-111111111111
  client: 22222222-2222-4222-8222-222222222222
  credential: { kind: client_secret, secret_file: ./entra-secret }
  cloud: global
  endpoints: { login: "http://127.0.0.1:4010", graph: "http://127.0.0.1:4010/v1.0" }
connections:
  - name: acme
    application: 33333333-3333-4333-8333-333333333333
    provider:
      profile: generic
      url: "https://scim.example.com/scim/v2/"
      credential: { kind: bearer, token_file: ./acme-token, owner: ada@contoso.com }
    schedule: { incremental: "*/5 * * * *", full: "0 3 * * 0" }
    scope: { groups: true, nestedGroups: direct }
    mapping: default
    deprovision: { unassigned: disable, hardDeleted: delete }
    guards: { tooManyRemovals: { count: 50, percent: 10 } }
`;

/** A folder with the example's secret files, and a way to be rid of it. */
export interface ConfigFolder {
  readonly path: string;
  readonly file: string;
  write(name: string, text: string, mode?: number): string;
  check(text: string, env?: Environment): CheckedFile;
  /** The problems a text has; fails when it has none. */
  problems(text: string, env?: Environment): readonly ConfigProblem[];
  remove(): void;
}

export function configFolder(): ConfigFolder {
  const path = mkdtempSync(join(tmpdir(), 'headgate-config-'));
  function write(name: string, text: string, mode = 0o600): string {
    const file = join(path, name);
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  }
  write('entra-secret', 'entra-s3cret\n');
  write('acme-token', 'acme-t0ken\n');
  const file = join(path, 'headgate.yaml');
  return {
    path,
    file,
    write,
    check: (text, env = {}) => checkText(text, file, env),
    problems(text, env = {}) {
      try {
        checkText(text, file, env);
      } catch (error) {
        if (error instanceof ConfigError) return error.problems;
        throw error;
      }
      throw new Error('the configuration was accepted');
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** The example with one piece of text put in place of another, which must be there. */
export function exampleWith(from: string, to: string): string {
  if (!EXAMPLE.includes(from)) throw new Error(`the example does not hold ${from}`);
  return EXAMPLE.replace(from, () => to);
}
