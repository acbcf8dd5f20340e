import { randomBytes } from 'node:crypto';
import type { JsonObject } from '../../core/scim.ts';
import { createOrganisation, type Organisation } from '../organisation/organisation.ts';
import { createReplica, type Lag } from '../organisation/replication.ts';
import { createAnswerer } from './answerer.ts';
import { createControl, type TenantControl } from './control.ts';
import { createDeltaFeed } from './delta-feed.ts';
import { createFaults } from './faults.ts';
import { createDispatcher } from './graph/dispatch.ts';
import { createPageTokens } from './graph/paging.ts';
import { createHttp } from './http.ts';
import { migrationApplication, readerApplication, type RegisteredApplication } from './login/applications.ts';
import { createAccessTokens } from './login/tokens.ts';
import { createProvisioningJobs } from './provisioning/provisioning-jobs.ts';
import { createRequestLog } from './request-log.ts';
import type { TenantState } from './state.ts';
import { createThrottle, type ThrottleLimit } from './throttle.ts';

export interface TenantOptions {
  /** The organisation to serve, or a state to start again from. */
  readonly organisation: Organisation | TenantState;
  /** 0 for a free one, which is the default. */
  readonly port?: number;
  /** 127.0.0.1 unless told otherwise. The tenant speaks plain HTTP and its control API has no password. */
  readonly host?: string;
  /** App registrations; when absent one that reads, and one for migrations. */
  readonly applications?: readonly RegisteredApplication[];
  readonly tokenLifetimeSeconds?: number;
  /** Values on a page without `$top`; Graph's own is 100. */
  readonly pageSize?: number;
  readonly throttle?: ThrottleLimit;
  readonly lag?: Lag;
  readonly countLag?: Lag;
  /** How many requests the log keeps. */
  readonly requestLogLimit?: number;
  readonly now?: () => number;
}

/** A running emulated tenant. */
export interface Tenant {
  /** Base of the login endpoints: `http://127.0.0.1:4010`. */
  readonly url: string;
  /** Base of Graph: `http://127.0.0.1:4010/v1.0`. */
  readonly graphUrl: string;
  readonly tenantId: string;
  /** The truth, whatever replicas show. */
  readonly organisation: Organisation;
  readonly control: TenantControl;
  /** App registrations as they are now, with their secrets. */
  applications(): readonly RegisteredApplication[];
  /** Entra's own provisioning jobs of a service principal, as Graph shows them. */
  provisioningJobs(servicePrincipal: string): readonly JsonObject[];
  snapshot(): TenantState;
  close(): Promise<void>;
}

/** Graph's page of directory objects without `$top`. */
const DEFAULT_PAGE_SIZE = 100;
const ONE_HOUR_SECONDS = 3600;

/** Starts an emulated Entra tenant: token endpoint, Graph v1.0 and control API on one port. */
export async function startTenant(options: TenantOptions): Promise<Tenant> {
  const now = options.now ?? Date.now;
  const saved = 'applications' in options.organisation ? options.organisation : undefined;
  const organisation =
    'applications' in options.organisation
      ? createOrganisation(options.organisation.organisation, now)
      : options.organisation;
  const registered = options.applications ?? saved?.applications ?? [readerApplication(), migrationApplication()];
  const applications = new Map(registered.map((application) => [application.clientId, application]));
  const replica = createReplica(organisation, now, options.lag ?? { kind: 'none' });
  const parts = {
    organisation,
    applications,
    replica,
    index: createReplica(organisation, now, options.countLag ?? { kind: 'none' }),
    feed: createDeltaFeed(organisation, now),
    provisioningJobs: createProvisioningJobs({ organisation, replica, now }),
    throttle: createThrottle(now, options.throttle),
    faults: createFaults(),
    log: createRequestLog(options.requestLogLimit ?? 20_000),
    tokens: createAccessTokens(organisation.tenantId, now, options.tokenLifetimeSeconds ?? ONE_HOUR_SECONDS),
  };
  const control = createControl(parts);
  const dispatch = createDispatcher({
    ...parts,
    tokens: createPageTokens(randomBytes(32)),
    pageSize: options.pageSize ?? DEFAULT_PAGE_SIZE,
    now,
  });
  const login = {
    tenantId: organisation.tenantId,
    domain: organisation.domain,
    applications,
    tokens: parts.tokens,
    now,
  };
  const http = createHttp(createAnswerer({ ...parts, control, dispatch, login, now }));
  const url = await http.listen({ host: options.host ?? '127.0.0.1', port: options.port ?? 0 });
  return {
    url,
    graphUrl: `${url}/v1.0`,
    tenantId: organisation.tenantId,
    organisation,
    control,
    applications: () => [...applications.values()],
    provisioningJobs: (servicePrincipal) => parts.provisioningJobs.of(servicePrincipal),
    snapshot: () => ({ organisation: organisation.snapshot(), applications: [...applications.values()] }),
    async close() {
      await parts.provisioningJobs.close();
      await http.close();
    },
  };
}
