import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { company, cycle, people } from './company.ts';
import { accountsOf, approve, assignedTo, start, still } from './migration-world.ts';
import { eventually, startWorld, type World } from './world.ts';

/** The whole size where there is time for it. */
const USERS = process.env['CI'] === 'true' ? 5000 : 400;
const GROUPS = 40;
/** A rollback from every step costs a migration each: as many people as are asked for, few without. */
const ROLLBACK_USERS = Number(process.env['HEADGATE_TEST_ROLLBACK_USERS'] ?? 80);

/** Long enough for the whole size on a busy machine; nothing is asserted about time. */
const PATIENCE_MS = 1_200_000;

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** So many direct assignments are asked about, and meant. */
const ACCEPTING = { accept: ['assignment-limit'] } as const;

/** Neighbouring groups share two people, and a tenth is assigned directly as well. */
function teams(users: number) {
  const each = users / GROUPS;
  const groups = Array.from(
    { length: GROUPS },
    (_, at) => [`Team ${at + 1}`, [at * each + 1, Math.min(users, (at + 1) * each + 2)]] as const,
  );
  return company({ users, groups: Object.fromEntries(groups), direct: [1, users / 10] });
}

/** Goes through every gate of `disable-scim` to its end; the token is revoked where a person would. */
async function throughTheGates({ provider }: World, operator: OperatorClient): Promise<void> {
  await approve(operator, 'coverage');
  await approve(operator, 'disable');
  await still(operator);
  provider.revokeToken(provider.token ?? '');
  await approve(operator, 'revocation');
}

async function statusWithToken({ provider }: World): Promise<number> {
  const answer = await fetch(`${provider.url}/Users`, { headers: { authorization: `Bearer ${provider.token}` } });
  return answer.status;
}

/** Names of SCIM groups and how many are in each. */
function groupsOf({ provider }: World): ReadonlyMap<unknown, number> {
  const sizeOf = (members: unknown) => (Array.isArray(members) ? members.length : 0);
  return new Map(provider.groups.all().map(({ displayName, members }) => [displayName, sizeOf(members)]));
}

describe(`a company of ${USERS} in ${GROUPS} groups`, () => {
  test(
    'leaves SCIM whole: no account changes id or activity, the groups are gone, the token is dead, the report verifies',
    { timeout: PATIENCE_MS },
    async () => {
      world = await startWorld({ organisation: teams(USERS), migrations: true });
      const operator = await world.open();
      expect((await cycle(operator)).result).toBe('succeeded');
      const before = accountsOf(world);
      expect(before.size).toBe(USERS);
      expect(world.provider.groups.size).toBe(GROUPS);

      await start(operator, 'disable-scim', [], ACCEPTING);
      await throughTheGates(world, operator);
      expect(await still(operator)).toMatchObject({ status: 'ended', result: 'succeeded', frozen: false });

      expect(accountsOf(world)).toEqual(before);
      expect(world.provider.groups.size).toBe(0);
      expect(assignedTo(world)).toEqual(people(1, USERS));
      expect(await statusWithToken(world)).toBe(401);
      const report = await operator.migrations.migrationReport('acme');
      expect(report).toMatchObject({ passed: true, chain: { sound: true }, accounts: { lost: [], added: [] } });
      expect(report.accounts.before).toHaveLength(USERS);
      expect(new Set(report.accounts.after?.map(({ id }) => id))).toEqual(new Set(before.keys()));
    },
  );
});

/** Brings the migration to a moment, and asks for the rollback there. */
type Moment = (world: World, operator: OperatorClient) => Promise<void>;

async function rollBack(operator: OperatorClient): Promise<void> {
  await operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
}

/** Asks for the rollback before the provider answers the nth write of a kind. */
function atWrite(nth: number, method: string): Moment {
  return async ({ provider }, operator) => {
    let seen = 0;
    const asked = new Promise<void>((resolve, reject) => {
      provider.observe({
        async afterWrite(write) {
          if (write.method !== method || (seen += 1) !== nth) return;
          await rollBack(operator).then(resolve, reject);
        },
      });
    });
    await approve(operator, 'coverage');
    await asked;
    provider.observe({});
  };
}

const MOMENTS: readonly (readonly [string, Moment])[] = [
  ['survey or assign-directly', (_, operator) => rollBack(operator)],
  [
    'the gate coverage',
    async (_, operator) => {
      await still(operator);
      await rollBack(operator);
    },
  ],
  ['empty-groups', atWrite(2, 'PATCH')],
  [
    'unassign-groups',
    async ({ tenant }, operator) => {
      tenant.control.addFault({
        path: '/servicePrincipals/*/appRoleAssignedTo/*',
        method: 'DELETE',
        effect: { kind: 'status', status: 429, retryAfter: '1' },
      });
      await approve(operator, 'coverage');
      await eventually(async () =>
        tenant.control.requests().some(({ method, status }) => method === 'DELETE' && status === 429)
          ? true
          : undefined,
      );
      await rollBack(operator);
      tenant.control.clearFaults();
    },
  ],
  ['canary', atWrite(1, 'DELETE')],
  ['full-cycle', atWrite(2, 'DELETE')],
  [
    'the gate disable, after verify',
    async (_, operator) => {
      await approve(operator, 'coverage');
      expect(await still(operator)).toMatchObject({ gate: { name: 'disable' } });
      await rollBack(operator);
    },
  ],
];

describe(`a rollback of a company of ${ROLLBACK_USERS} in ${GROUPS} groups`, () => {
  test.each(MOMENTS)(
    'from %s brings groups and assignments back, touches no account, and the way out can be gone again',
    { timeout: PATIENCE_MS },
    async (_name, moment) => {
      world = await startWorld({ organisation: teams(ROLLBACK_USERS), migrations: true });
      const operator = await world.open();
      expect((await cycle(operator)).result).toBe('succeeded');
      const before = { accounts: accountsOf(world), groups: groupsOf(world), assigned: assignedTo(world) };

      await start(operator, 'disable-scim', [], ACCEPTING);
      await moment(world, operator);
      expect(await still(operator)).toMatchObject({ status: 'ended', result: 'rolled-back', frozen: false });
      expect({ accounts: accountsOf(world), groups: groupsOf(world), assigned: assignedTo(world) }).toEqual(before);
      expect(await operator.migrations.migrationReport('acme')).toMatchObject({ chain: { sound: true } });

      await start(operator, 'disable-scim', [], ACCEPTING);
      await throughTheGates(world, operator);
      expect(await still(operator)).toMatchObject({ status: 'ended', result: 'succeeded' });
      expect(accountsOf(world)).toEqual(before.accounts);
      expect(world.provider.groups.size).toBe(0);
      expect(await statusWithToken(world)).toBe(401);
      expect(await operator.migrations.migrationReport('acme')).toMatchObject({ passed: true });
    },
  );
});
