import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openInProcess } from '../../src/main.ts';
import { createApiClient } from '../../src/cli/api-client.ts';
import { createOperatorClient, type OperatorClient } from '../../src/cli/operator-client.ts';
import { loadConfig, loadFile } from '../../src/config/load.ts';
import { openSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { eventually, freePort } from './world.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** What `headgate sandbox --engine entra` opens, and a Headgate with the configuration it writes. */
async function open(): Promise<{ readonly sandbox: Sandbox; readonly operator: OperatorClient }> {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-sandbox-entra-'));
  closing.push(() => rm(directory, { recursive: true, force: true }));
  const like = { users: 60, groups: 8, seed: 1, provider: 'generic', engine: 'entra' } as const;
  const sandbox = await openSandbox({ ...like, port: 0, directory, httpPort: await freePort() });
  closing.push(() => sandbox.close());
  const reread = () => loadFile(sandbox.configFile, {});
  const transport = await openInProcess(
    loadConfig(sandbox.configFile, {}),
    { work: true, migrationsOf: 'all', reread },
    'test',
  );
  const operator = createOperatorClient(createApiClient(transport));
  closing.push(() => operator.close());
  return { sandbox, operator };
}

const userNames = ({ accounts }: Sandbox['provider']): readonly string[] =>
  accounts.all().flatMap(({ userName }) => (typeof userName === 'string' ? userName : []));

const accountsOf = ({ provider }: Sandbox): ReadonlyMap<unknown, unknown> =>
  new Map(provider.accounts.all().map(({ id, active }) => [id, active]));

test('a migration beside the sandbox’s own provisioning service goes through, guests and all', async () => {
  const { sandbox, operator } = await open();
  const { control } = sandbox.tenant;
  const before = accountsOf(sandbox);
  expect(userNames(sandbox.provider).filter((name) => name.includes('partner.example'))).not.toEqual([]);
  control.changeProvisioningJob(undefined, { deleteThreshold: 2 });
  const options = { twoPeople: false, approvalMs: 3_600_000, accept: ['user-disabled' as const] };
  const ask = { connection: 'acme', kind: 'remove-groups' as const, groups: ['IT'], options, requestedBy: 'ada' };
  await operator.migrations.start(ask, new AbortController().signal);
  const standing = () =>
    eventually(async () => {
      await control.runProvisioningJob(undefined);
      const view = await operator.migrations.migrationStatus('acme');
      return view.status === 'running' ? undefined : view;
    });
  const { gate } = await standing();
  expect(gate?.name).toBe('coverage');
  await operator.migrations.approve({
    connection: 'acme',
    gate: 'coverage',
    digest: gate?.digest ?? '',
    by: 'bob',
  });
  expect((await standing()).result).toBe('succeeded');
  expect(sandbox.provider.groups.find('IT')).toBeUndefined();
  expect(accountsOf(sandbox)).toEqual(before);
});
