import { z } from 'zod';
import { createEntraWriter } from '../../src/adapters/entra/directory-writer.ts';
import { createEntraDirectory } from '../../src/adapters/entra/entra-directory.ts';
import { profileByName } from '../../src/adapters/scim/profiles/profile-by-name.ts';
import { createScimProvider } from '../../src/adapters/scim/provider.ts';
import type { Consent, MigrationKind } from '../../src/core/migration/migration.ts';
import type { MigrationView } from '../../src/core/migration/view.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { DirectorySource } from '../../src/ports/directory-source.ts';
import type { DirectoryWriter } from '../../src/ports/directory-writer.ts';
import type { Metrics } from '../../src/ports/metrics.ts';
import type { MigrationOperator } from '../../src/ports/migration-operator.ts';
import type { ServiceProvider } from '../../src/ports/service-provider.ts';
import { text, type ServicePrincipal } from '../../src/sandbox/organisation/model.ts';
import type { Organisation } from '../../src/sandbox/organisation/organisation.ts';
import type { BehaviourName } from '../../src/sandbox/provider/behaviours/registry.ts';
import { startProvider, type SandboxProvider } from '../../src/sandbox/provider/provider.ts';
import {
  migrationApplication,
  readerApplication,
  type RegisteredApplication,
} from '../../src/sandbox/tenant/login/applications.ts';
import { startTenant, type Tenant } from '../../src/sandbox/tenant/tenant.ts';
import { createSpyMetrics } from '../adapters/entra/loopback-graph.ts';
import { silentLog } from '../silent-log.ts';

const SHOWN_GROUPS = z.array(
  z.object({ displayName: z.string(), members: z.array(z.object({ value: z.string() })).default([]) }),
);

export interface SurroundingsOptions {
  /** Of the connection. */
  readonly name: string;
  readonly organisation: Organisation;
  readonly clock: Clock;
  /** Of the identity that writes to the directory; what migrations need by default. */
  readonly permissions?: readonly string[];
  /** What the provider is, and what it is taken for. */
  readonly vendor?: BehaviourName;
}

/** A tenant and a provider, each over real HTTP, and what Headgate reaches them with. */
export interface Surroundings {
  readonly tenant: Tenant;
  readonly provider: SandboxProvider;
  /** Token of the provider as it starts. */
  readonly token: string;
  readonly principal: ServicePrincipal;
  readonly directory: DirectorySource;
  readonly writer: DirectoryWriter;
  readonly scim: ServiceProvider;
  readonly metrics: Metrics;
  /** Names of users and groups assigned. */
  readonly assigned: () => readonly string[];
  /** userNames of the members of each SCIM group, by its name. */
  readonly groups: () => Readonly<Record<string, readonly string[]>>;
  readonly close: () => Promise<void>;
}

export async function openSurroundings({
  name,
  organisation,
  clock,
  permissions,
  vendor = 'uniqkey',
}: SurroundingsOptions): Promise<Surroundings> {
  const reader = readerApplication();
  const writing = migrationApplication(permissions === undefined ? {} : { permissions });
  const tenant = await startTenant({ organisation, applications: [reader, writing] });
  const provider = await startProvider({ behaviour: vendor });
  const token = provider.token ?? '';
  const { metrics } = createSpyMetrics();
  const shared = { log: silentLog, metrics, now: () => clock.now() };
  const identity = ({ clientId, secrets }: RegisteredApplication) => ({
    tenant: tenant.tenantId,
    client: clientId,
    credential: { kind: 'client_secret' as const, secret: () => secrets[0]?.value ?? '' },
    cloud: 'global' as const,
    endpoints: { login: tenant.url, graph: tenant.graphUrl },
    ...shared,
  });
  const directory = createEntraDirectory(identity(reader));
  const writer = createEntraWriter(identity(writing));
  const [principal] = [...organisation.servicePrincipals.values(organisation.version())];
  if (principal === undefined) throw new Error('the organisation has no application');
  const scim = createScimProvider({
    connection: name,
    url: provider.url,
    profile: profileByName(vendor),
    credential: { kind: 'bearer', token: async () => token, spare: async () => undefined },
    ...shared,
  });
  return {
    tenant,
    provider,
    token,
    principal,
    directory,
    writer,
    scim,
    metrics,
    assigned() {
      const at = organisation.version();
      return [...organisation.assignments(principal.id).values(at)]
        .map(({ principalId }) => {
          const found = organisation.users.get(principalId, at) ?? organisation.groups.get(principalId, at);
          const properties = found?.properties ?? {};
          return text(properties, 'userPrincipalName') || text(properties, 'displayName');
        })
        .toSorted();
    },
    groups() {
      const shown = SHOWN_GROUPS.parse(provider.groups.all());
      const nameOf = (id: string) => z.string().parse(provider.accounts.get(id)?.['userName']);
      return Object.fromEntries(
        shown.map(({ displayName, members }) => [displayName, members.map(({ value }) => nameOf(value)).toSorted()]),
      );
    },
    async close() {
      await Promise.all([directory.close(), writer.close(), scim.close()]);
      await Promise.all([tenant.close(), provider.close()]);
    },
  };
}

/** Every account of the provider by id, and whether it is active. */
export function accountStates({ provider }: Pick<Surroundings, 'provider'>): ReadonlyMap<unknown, unknown> {
  return new Map(provider.accounts.all().map((account) => [account['id'], account['active']]));
}

/** Asks for a migration of a connection as `ada` does, with an hour for every yes and nothing accepted unless given. */
export function startAs(
  operator: Pick<MigrationOperator, 'startMigration'>,
  connection: string,
  kind: MigrationKind,
  groups: readonly string[] = [],
  accept: readonly Consent[] = [],
): Promise<MigrationView> {
  const options = { twoPeople: false, approvalMs: 3_600_000, accept };
  const ask = { connection, kind, groups, options, requestedBy: 'ada' };
  return operator.startMigration(ask, () => undefined, new AbortController().signal);
}
