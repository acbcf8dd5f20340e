import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JOBS } from '../../jobs/index.ts';
import type { Config } from '../config/config.ts';
import { openContext, type Context } from '../context.ts';
import type { Assumption } from '../core/migration/rehearsal.ts';
import type { Log } from '../ports/log.ts';
import { createOrganisation } from '../sandbox/organisation/organisation.ts';
import { isBehaviourName } from '../sandbox/provider/behaviours/registry.ts';
import type { FaultName } from '../sandbox/provider/faults.ts';
import { startProvider, type SandboxProvider } from '../sandbox/provider/provider.ts';
import {
  ENTRA_MIGRATION_PERMISSIONS,
  migrationApplication,
  readerApplication,
} from '../sandbox/tenant/login/applications.ts';
import { startTenant, type Tenant } from '../sandbox/tenant/tenant.ts';
import type { CopiedState } from './copy-state.ts';
import { nativeJobOf } from './native-job-state.ts';
import { hidesMembers, providerStateOf } from './provider-state.ts';
import { stageConfig } from './stage-config.ts';
import { tenantStateOf } from './tenant-state.ts';

/** A copy of one connection's world, all of it inside this process and on loopback. */
export interface Stage {
  readonly tenant: Tenant;
  readonly provider: SandboxProvider;
  readonly context: Context;
  /** Lets Entra's own job work from now on, where it is the engine; until then nothing on the stage moves by itself. */
  readonly startNativeJob: () => void;
  /** Ends everything and removes what it stored. */
  close(): Promise<void>;
}

/** Workers are given time to end, in ms: one that is left behind keeps its timers, and with them the process. */
const STOP_MS = 30_000;

const FAULT_OF: Readonly<Record<Assumption, FaultName>> = {
  'deleted-group-takes-members': 'groupDeleteCascades',
  'last-group-takes-account': 'lastGroupTakesAccount',
  'members-hidden': 'membersHidden',
};

/** Nothing of a rehearsal is logged but defects: everything else is in what it reports, and names people. */
function quietLog(log: Log): Log {
  const silent = () => undefined;
  const quiet: Log = {
    debug: silent,
    info: silent,
    warn: silent,
    error: (fields, message) => {
      if ('err' in fields) log.error({ err: fields.err }, `rehearsal: ${message}`);
    },
    child: () => quiet,
  };
  return quiet;
}

interface StageOptions {
  readonly copied: CopiedState;
  readonly connection: string;
  readonly config: Config;
  readonly assume: readonly Assumption[];
  readonly log: Log;
  readonly version: string;
}

/** Builds the copy. What was built is taken down again when something later fails. */
export async function openStage({ copied, connection, config, assume, log, version }: StageOptions): Promise<Stage> {
  const opened: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of opened.splice(0).toReversed()) await end();
  };
  try {
    // Readable by this user alone (mkdtemp), because it names people; removed whatever becomes of the rehearsal.
    const directory = await mkdtemp(join(tmpdir(), 'headgate-rehearsal-'));
    opened.push(() => rm(directory, { recursive: true, force: true }));
    const organisation = createOrganisation(tenantStateOf(copied, config.directory.tenant));
    const isNative = copied.facts.rules.engine === 'entra';
    const writer = migrationApplication(isNative ? { permissions: ENTRA_MIGRATION_PERMISSIONS } : {});
    const tenant = await startTenant({ organisation, applications: [readerApplication(), writer] });
    opened.push(() => tenant.close());
    const { name: profile } = copied.facts.profile;
    const provider = await startProvider({
      seed: providerStateOf(copied),
      ...(isBehaviourName(profile) ? { behaviour: profile } : {}),
      // What is rehearsed is what becomes of people, not how long the provider takes over it.
      overrides: { rates: [] },
    });
    opened.push(() => provider.close());
    if (hidesMembers(copied)) provider.faults.set({ fault: 'membersHidden' });
    for (const assumption of assume) provider.faults.set({ fault: FAULT_OF[assumption] });
    const context = await openContext({
      config: stageConfig(config, connection, directory, { tenant, provider }),
      jobs: JOBS,
      log: quietLog(log),
      version,
      onFatal: (error) => log.error({ err: error }, 'rehearsal: its database broke'),
    });
    opened.push(() => context.close());
    await context.ports.stores.links.restore(connection, copied.facts.links);
    await context.ports.stores.escrows.put(connection, copied.refused);
    await context.work();
    opened.push(() => context.stopWork(STOP_MS));
    const startNativeJob = () => {
      const target = { url: provider.url, token: provider.token ?? '' };
      const job = nativeJobOf(copied, organisation, target);
      if (job !== undefined) tenant.control.setProvisioningJob(copied.survey.application.appId, 'Active', job);
    };
    return { tenant, provider, context, startNativeJob, close };
  } catch (error) {
    await close();
    throw error;
  }
}
