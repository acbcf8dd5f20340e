import { describe, expect, test } from 'vitest';
import { renderMigrationPlan } from '../../src/cli/render/migration.ts';
import { createPaint } from '../../src/cli/render/paint.ts';
import { afterTrouble, DEFAULT_PROBES } from '../../src/core/quarantine.ts';
import { createMigrationOperator } from '../../src/migration/operator.ts';
import type { MigrationPorts } from '../../src/ports/index.ts';
import { ENTRA_MIGRATION_PERMISSIONS } from '../../src/sandbox/tenant/login/applications.ts';
import { testIo } from '../cli/builders.ts';
import { company } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld } from './entra-world.ts';
import { startAs } from './surroundings.ts';

const openWorld = useEntraWorlds();
const plain = createPaint(testIo().stdout, false);
const OPTIONS = { twoPeople: false, approvalMs: 3_600_000, accept: [] };

function open(permissions: readonly string[] = ENTRA_MIGRATION_PERMISSIONS): Promise<EntraWorld> {
  return openWorld({ organisation: company({ users: 6, groups: { Crew: [1, 4] }, direct: [5, 6] }), permissions });
}

async function planned({ ports, connection }: EntraWorld, migration: MigrationPorts = ports.migration) {
  const operator = createMigrationOperator({ ...ports, migration });
  const { name } = connection.rules;
  const ask = { connection: name, kind: 'disable-scim', groups: [], options: OPTIONS } as const;
  const plan = await operator.planMigration(ask, () => undefined, new AbortController().signal);
  const started = await startAs(operator, name, 'disable-scim').then(() => 'begun', String);
  return { plan, started, shown: renderMigrationPlan(plan, plain, 50) };
}

describe('a plan of what a start would be refused for', () => {
  test('with an identity that could delete people says so, and shows every request all the same', async () => {
    const right = (await planned(await open())).plan;
    const { plan, started, shown } = await planned(await open([...ENTRA_MIGRATION_PERMISSIONS, 'User.ReadWrite.All']));
    expect(plan.obstacles).toMatchObject([{ code: 'not-ready', text: expect.stringContaining('User.ReadWrite.All') }]);
    const [text] = plan.obstacles.map((obstacle) => obstacle.text);
    expect(text).toContain(started.replace(/^\w+: /, ''));
    expect(shown).toContain(`not-ready: ${text}`);
    expect(shown).not.toContain('Nothing stands in the way.');
    expect(plan.requests.map(({ what }) => what)).toEqual(right.requests.map(({ what }) => what));
  });

  test('without any identity does the same', async () => {
    const { plan, started } = await planned(await open(), { settleMs: 0 });
    expect(plan.obstacles.map(({ code }) => code)).toEqual(['not-ready']);
    expect(plan.obstacles[0]?.text).toContain(started.replace(/^\w+: /, ''));
    const steps = new Set(plan.requests.map(({ step }) => step));
    expect([...steps]).toEqual(['assign-directly', 'empty-groups', 'unassign-groups', 'disable-connection']);
  });

  test('over a paused connection names the pause', async () => {
    const at = await open();
    await at.ports.stores.connections.pause(at.connection.rules.name, 'the token was refused');
    const { plan, started } = await planned(at);
    expect(plan.obstacles.map(({ code }) => code)).toEqual(['not-ready']);
    expect(plan.obstacles[0]?.text).toContain(started.replace(/^\w+: /, ''));
  });

  test('names all that is to be put in order at once, the first as the start does', async () => {
    const at = await open();
    const { name } = at.connection.rules;
    const cause = { code: 'InvalidCredentials', message: 'HTTP 401', remedy: 'Renew the token.' } as const;
    await at.ports.stores.connections.changeHealth(name, (health) =>
      afterTrouble(health, { reason: 'credential-refused', cause }, at.ports.clock.now(), DEFAULT_PROBES),
    );
    const { plan, started } = await planned(at, { settleMs: 0 });
    const [identity, quarantine, ...others] = plan.obstacles.map(({ text }) => text);
    expect(identity).toContain(started.replace(/^\w+: /, ''));
    expect(quarantine).toMatch(/is in quarantine .*: HTTP 401\. Renew the token\./);
    expect(others).toEqual([]);
  });

  test('while another migration is open says so', async () => {
    const at = await open();
    const first = await planned(at);
    expect(first).toMatchObject({ started: 'begun', plan: { obstacles: [] } });
    const { plan, started } = await planned(at);
    expect(plan.obstacles.map(({ code }) => code)).toEqual(['not-ready']);
    expect(plan.obstacles[0]?.text).toContain(started.replace(/^\w+: /, ''));
  });
});
