import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';

const LINE = /^curl -s (?:-X (\w+) )?localhost:(\d+)(\/_sandbox\/\S*)(?: -d '([^']*)')?/;
const lines = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('curl ') && line.includes('_sandbox'));

let sandbox: Sandbox;
let directory = '';
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'headgate-readme-'));
  // As many people as without any option: the lines name some of them.
  const like = { users: 500, groups: 30, seed: 1, provider: 'generic', engine: 'entra' } as const;
  sandbox = await openSandbox({ ...like, port: 0, directory, httpPort: 4040 });
});
afterAll(async () => {
  await sandbox.close();
  rmSync(directory, { recursive: true });
});

test('the README tells how to make things happen in the sandbox', () => {
  expect(lines.length).toBeGreaterThan(5);
});

test.each(lines)('%s', async (line) => {
  const [, verb, port, path = '', body] = LINE.exec(line) ?? [];
  const origin = new URL(port === '4010' ? sandbox.tenant.url : sandbox.provider.url).origin;
  const method = verb ?? (body === undefined ? 'GET' : 'POST');
  const answer = await fetch(`${origin}${path}`, { method, ...(body === undefined ? {} : { body }) });
  expect(await answer.json()).not.toHaveProperty('error');
  expect(answer.status).toBe(200);
});
