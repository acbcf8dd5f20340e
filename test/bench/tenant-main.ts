import { generateOrganisation } from '../../src/sandbox/organisation/generate.ts';
import type { SandboxAddresses } from '../../src/sandbox/sandbox-files.ts';
import { startTenant } from '../../src/sandbox/tenant/tenant.ts';

/** What a configuration needs to know about the tenant. */
export type TenantAddresses = Pick<
  SandboxAddresses,
  'tenantId' | 'clientId' | 'clientSecret' | 'login' | 'graph' | 'application'
>;

/** What the benchmark is told: the addresses, and some assigned users by id. */
export interface BenchTenant extends TenantAddresses {
  readonly assigned: readonly string[];
}

/** How many assigned users are named: as many as change in the benchmark of incremental cycles. */
const NAMED = 10;

/*
 * The emulated tenant as a process of its own: `tenant-main.js USERS GROUPS`. Prints one line of JSON with what a
 * configuration needs and ends on SIGTERM.
 */

const [users = 0, groups = 0] = process.argv.slice(2).map(Number);
const organisation = generateOrganisation({ seed: 20, users, groups });
// Graph's largest page: what is measured is Headgate, not the paging of a tenant.
const tenant = await startTenant({ organisation, pageSize: 999 });
process.on('SIGTERM', () => void tenant.close());
const [application] = tenant.applications();
const secret = application?.secrets[0]?.value;
const [principal] = [...organisation.servicePrincipals.values(organisation.version())];
if (application === undefined || secret === undefined || principal === undefined) throw new Error('no application');
const version = organisation.version();
const reached = [...organisation.assignments(principal.id).values(version)].flatMap(({ principalId, principalType }) =>
  principalType === 'User' ? [principalId] : [...organisation.members(principalId).values(version)].map(({ id }) => id),
);
const enabled = [...new Set(reached)].filter(
  (id) => organisation.users.get(id, version)?.properties['accountEnabled'] === true,
);
const addresses: BenchTenant = {
  assigned: enabled.slice(0, NAMED),
  tenantId: tenant.tenantId,
  clientId: application.clientId,
  clientSecret: secret,
  login: tenant.url,
  graph: tenant.graphUrl,
  application: principal.appId,
};
process.stdout.write(`${JSON.stringify(addresses)}\n`);
