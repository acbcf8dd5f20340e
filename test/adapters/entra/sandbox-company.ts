import { generateOrganisation, type GenerateOptions } from '../../../src/sandbox/organisation/generate.ts';
import type { TenantUser } from '../../../src/sandbox/organisation/model.ts';
import type { Organisation } from '../../../src/sandbox/organisation/organisation.ts';
import { readerApplication } from '../../../src/sandbox/tenant/login/applications.ts';
import { startTenant, type Tenant, type TenantOptions } from '../../../src/sandbox/tenant/tenant.ts';
import { createTestDirectory, type TestDirectory } from './loopback-graph.ts';

export interface Company extends TestDirectory {
  readonly tenant: Tenant;
  readonly appId: string;
  readonly applicationId: string;
  readonly users: () => readonly TenantUser[];
}

/** A directory on an emulated tenant as strict as the real one. What is opened is added to `opened`. */
export async function openOrganisation(
  opened: { close(): Promise<void> }[],
  organisation: Organisation,
  options: Partial<TenantOptions> = {},
): Promise<Company> {
  const tenant = await startTenant({ organisation, ...options });
  const reader = readerApplication();
  const test = createTestDirectory(
    { login: tenant.url, graph: tenant.graphUrl },
    {
      tenant: tenant.tenantId,
      client: reader.clientId,
      credential: { kind: 'client_secret', secret: () => reader.secrets[0]?.value ?? '' },
      now: Date.now,
    },
  );
  opened.push(tenant, test.directory);
  const [application] = organisation.servicePrincipals.values(organisation.version());
  return {
    ...test,
    tenant,
    appId: application?.appId ?? '',
    applicationId: application?.id ?? '',
    users: () => [...organisation.users.values(organisation.version())],
  };
}

/** The same for a generated organisation. */
export function openCompany(
  opened: { close(): Promise<void> }[],
  size: Omit<GenerateOptions, 'seed'>,
  options: Partial<TenantOptions> = {},
): Promise<Company> {
  return openOrganisation(opened, generateOrganisation({ seed: 7, ...size }), options);
}
