import type { MigrationGate, MigrationKind, MigrationOptions } from '../../src/core/migration/migration.ts';
import type { MigrationView } from '../../src/core/migration/view.ts';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { text } from '../../src/sandbox/organisation/model.ts';
import { eventually, type World } from './world.ts';

export const OPTIONS: MigrationOptions = { twoPeople: false, approvalMs: 3_600_000, accept: [] };

/** Starts a migration of the one connection there is. */
export function start(
  operator: OperatorClient,
  kind: MigrationKind,
  groups: readonly string[] = [],
  options: Partial<MigrationOptions> = {},
): Promise<MigrationView> {
  const ask = { connection: 'acme', kind, groups, options: { ...OPTIONS, ...options }, requestedBy: 'ada' };
  return operator.migrations.start(ask, new AbortController().signal);
}

/** The migration once it stands still: at a gate, paused or ended. */
export function still(operator: OperatorClient): Promise<MigrationView> {
  return eventually(async () => {
    const view = await operator.migrations.migrationStatus('acme');
    return view.status === 'running' ? undefined : view;
  });
}

/** Says yes at the gate it stands at, to what is shown there. Fails when it stands elsewhere. */
export async function approve(operator: OperatorClient, gate: MigrationGate, by = 'bob'): Promise<void> {
  const view = await still(operator);
  if (view.gate?.name !== gate) throw new Error(`not at the gate ${gate}: ${JSON.stringify(view, undefined, 1)}`);
  await operator.migrations.approve({ connection: 'acme', gate, digest: view.gate.digest, by });
}

/** Once it has left the gate it was approved at. */
export async function stillAgain(operator: OperatorClient): Promise<MigrationView> {
  return still(operator);
}

/** Ids and activity of all accounts at the provider. */
export function accountsOf({ provider }: World): ReadonlyMap<unknown, unknown> {
  return new Map(provider.accounts.all().map((account) => [account['id'], account['active']]));
}

/** Names of users and groups assigned to the application, as the truth has it. */
export function assignedTo({ tenant }: World): readonly string[] {
  const { organisation } = tenant;
  const at = organisation.version();
  return [...organisation.servicePrincipals.values(at)]
    .flatMap(({ id }) => [...organisation.assignments(id).values(at)])
    .map(({ principalId }) => {
      const found = organisation.users.get(principalId, at) ?? organisation.groups.get(principalId, at);
      const properties = found?.properties ?? {};
      return text(properties, 'userPrincipalName') || text(properties, 'displayName');
    })
    .toSorted();
}
