import { z } from 'zod';
import type { Organisation } from '../../src/sandbox/organisation/organisation.ts';
import { ENTRA_MIGRATION_PERMISSIONS } from '../../src/sandbox/tenant/login/applications.ts';
import { startWorld, type World } from './world.ts';

/** Entra's own job runs this often: many times while a daemon looks at it. */
const EVERY_MS = 200;

const shownJob = z.object({ id: z.string(), status: z.object({ code: z.string() }) });

/** What an administrator does to Entra's own job in the portal. */
export interface JobAdministrator {
  pause(): Promise<void>;
  start(): Promise<void>;
  /** The portal's restart, or another: `Full` breaks the links. */
  restart(resetScope?: string): Promise<void>;
  /** `Active`, `Paused` … as Graph shows it. */
  code(): string;
}

export interface EntraWorld extends World {
  /** appId of the one enterprise application. */
  readonly application: string;
  readonly job: JobAdministrator;
  /** One cycle of Entra's own job, now. */
  cycle(): Promise<void>;
}

/**
 * A company that Entra's own service has provisioned and goes on to, by its own clock (0: only when told to); Headgate is
 * configured beside it.
 */
export async function startEntraWorld(organisation: Organisation, everyMilliseconds = EVERY_MS): Promise<EntraWorld> {
  const world = await startWorld({
    organisation,
    migrations: ENTRA_MIGRATION_PERMISSIONS,
    provider: { behaviour: 'uniqkey' },
    profile: 'uniqkey',
    connection: { engine: 'entra' },
  });
  const { tenant, provider } = world;
  const [principal] = [...organisation.servicePrincipals.values(organisation.version())];
  if (principal === undefined) throw new Error('the organisation has no application');
  const target = { url: provider.url, token: provider.token ?? '' };
  const clock = everyMilliseconds === 0 ? {} : { everyMilliseconds };
  tenant.control.setProvisioningJob(principal.appId, 'NotRun', { target, deleteThreshold: 3, ...clock });
  const cycle = () => tenant.control.runProvisioningJob(principal.appId);
  if ((await cycle())?.state !== 'Succeeded') throw new Error('the first cycle of the job failed');
  return {
    ...world,
    application: principal.appId,
    job: administrator(world, principal.id),
    cycle: async () => void (await cycle()),
  };
}

/** Through Graph, as the portal does it. */
function administrator({ tenant }: World, principal: string): JobAdministrator {
  const jobs = `${tenant.graphUrl}/servicePrincipals/${principal}/synchronization/jobs`;
  const shown = () => shownJob.parse(tenant.provisioningJobs(principal)[0]);
  const { id } = shown();
  const act = async (action: string, body: object = {}) => {
    const answer = await fetch(`${jobs}/${id}/${action}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await tokenOf(tenant)}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (answer.status !== 204) throw new Error(`${action}: ${answer.status}`);
  };
  return {
    pause: () => act('pause'),
    start: () => act('start'),
    restart: (resetScope) => act('restart', resetScope === undefined ? {} : { criteria: { resetScope } }),
    code: () => shown().status.code,
  };
}

async function tokenOf(tenant: World['tenant']): Promise<string> {
  const writer = tenant.applications().find(({ permissions }) => permissions.includes('Synchronization.ReadWrite.All'));
  const answer = await fetch(`${tenant.url}/${tenant.tenantId}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: writer?.clientId ?? '',
      client_secret: writer?.secrets[0]?.value ?? '',
      scope: `${new URL(tenant.graphUrl).origin}/.default`,
    }),
  });
  return z.object({ access_token: z.string() }).parse(await answer.json()).access_token;
}
