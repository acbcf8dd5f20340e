import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openSandbox } from '../../src/sandbox/sandbox.ts';

const directory = mkdtempSync(join(tmpdir(), 'headgate-restart-'));
afterAll(() => rmSync(directory, { recursive: true }));

const open = () =>
  openSandbox({
    users: 3,
    groups: 1,
    seed: 1,
    provider: 'generic',
    engine: 'headgate',
    port: 0,
    directory,
    httpPort: 4040,
  });

test('a sandbox that is started again takes the tokens it took, and none that was deleted', async () => {
  const first = await open();
  const { admin, token } = first.provider;
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User'];
  first.provider.change('POST', '/Users', { schemas, userName: 'ada', active: true, userType: 'Admin' });
  const { id, secret } = admin.generateToken('ada');
  const kept = () => readFileSync(join(directory, 'acme-token'), 'utf8').trim();
  expect(kept()).toBe(token);
  await first.close();
  const again = await open();
  expect(again.provider.admin.tokens().map((one) => one.id)).toEqual(['given-1', id]);
  expect(kept()).toBe(token);
  again.provider.admin.deleteToken('given-1', 'ada', true);
  await again.close();
  const last = await open();
  expect(last.provider.tokens()).toMatchObject([{ id, secret, owner: 'ada' }]);
  expect(kept()).toBe(secret);
  await last.close();
  expect(statSync(join(directory, 'sandbox-state.json')).mode & 0o777).toBe(0o600);
});

test('a token without a name gets one that no kept token has', async () => {
  for (const secret of ['one', 'another']) {
    const sandbox = await open();
    sandbox.provider.addToken(secret);
    await sandbox.close();
  }
  const sandbox = await open();
  const ids = sandbox.provider.tokens().map(({ id }) => id);
  await sandbox.close();
  expect(new Set(ids).size).toBe(ids.length);
});
