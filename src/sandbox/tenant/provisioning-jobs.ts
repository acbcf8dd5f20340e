import { NotFoundError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/scim.ts';

/** What Graph tells of how a provisioning job is (synchronizationStatusCode). */
export const JOB_CODES = ['NotConfigured', 'NotRun', 'Active', 'Paused', 'Quarantine'] as const;
export type JobCode = (typeof JOB_CODES)[number];

/** Entra's own provisioning jobs, of which the sandbox only knows how they are: it runs none. */
export interface ProvisioningJobs {
  /** Gives an application (appId) one job in that state; undefined takes it away. */
  set(application: string, code: JobCode | undefined): void;
  /** The jobs of a service principal as Graph shows them. */
  of(servicePrincipal: string): readonly JsonObject[];
}

const NEVER = '0001-01-01T00:00:00Z';

/** Jobs by service principal, which `principalOf` finds by appId. */
export function createProvisioningJobs(principalOf: (application: string) => string | undefined): ProvisioningJobs {
  const codes = new Map<string, JobCode>();
  return {
    set(application, code) {
      const servicePrincipal = principalOf(application);
      if (servicePrincipal === undefined) throw new NotFoundError(`no application ${application}`);
      if (code === undefined) codes.delete(servicePrincipal);
      else codes.set(servicePrincipal, code);
    },
    of(servicePrincipal) {
      const code = codes.get(servicePrincipal);
      return code === undefined ? [] : [shownJob(servicePrincipal, code)];
    },
  };
}

function shownJob(servicePrincipal: string, code: JobCode): JsonObject {
  const runs = code === 'Active' || code === 'Quarantine';
  return {
    id: `scim.${servicePrincipal.replaceAll('-', '')}`,
    templateId: 'scim',
    schedule: { expiration: null, interval: 'PT40M', state: runs ? 'Active' : 'Disabled' },
    status: {
      code,
      countSuccessiveCompleteFailures: 0,
      escrowsPruned: false,
      steadyStateFirstAchievedTime: NEVER,
      steadyStateLastAchievedTime: NEVER,
      troubleshootingUrl: '',
      lastExecution: null,
      lastSuccessfulExecution: null,
      lastSuccessfulExecutionWithExports: null,
      quarantine: null,
      progress: [],
      synchronizedEntryCountByType: [],
    },
    synchronizationJobSettings: [],
  };
}
