import type { JsonObject } from '../../../core/scim.ts';

/** What Graph tells of how a provisioning job is (synchronizationStatusCode). */
export const JOB_CODES = ['NotConfigured', 'NotRun', 'Active', 'Paused', 'Quarantine'] as const;
export type JobCode = (typeof JOB_CODES)[number];

/** One execution of the job, as `synchronizationTaskExecution` has it. */
export interface Execution {
  readonly activityIdentifier: string;
  readonly state: 'Succeeded' | 'Failed' | 'EntryLevelErrors';
  readonly timeBegan: string;
  readonly timeEnded: string;
  readonly countExported: number;
  readonly countEscrowed: number;
  readonly countEntitled: number;
}

/** How a job is, between two executions. */
export interface JobStatus {
  readonly id: string;
  code: JobCode;
  failures: number;
  lastExecution?: Execution;
  lastSuccessful?: Execution;
  lastWithExports?: Execution;
  steadyFirst?: string;
  steadyLast?: string;
  quarantine?: { readonly reason: string; readonly began: string };
  deleteThreshold?: number | undefined;
}

const NEVER = '0001-01-01T00:00:00Z';

function shownExecution(execution: Execution | undefined): JsonObject | null {
  if (execution === undefined) return null;
  const { countEscrowed, countExported, countEntitled, ...rest } = execution;
  return {
    ...rest,
    countEntitled,
    countEntitledForProvisioning: countEntitled,
    countEscrowed,
    countEscrowedRaw: countEscrowed,
    countExported,
    countExports: countExported,
    countImported: countEntitled,
    countImportedDeltas: countExported,
    countImportedReferenceDeltas: 0,
    error: null,
  };
}

function shownQuarantine({ quarantine }: JobStatus): JsonObject | null {
  if (quarantine === undefined) return null;
  const { reason, began } = quarantine;
  return { reason, currentBegan: began, seriesBegan: began, seriesCount: 1, nextAttempt: began, error: null };
}

/** Id of the one job of a service principal, unless it is taken over with its own. */
export function jobIdOf(servicePrincipal: string): string {
  return `scim.${servicePrincipal.replaceAll('-', '')}`;
}

/** The job as Graph's `synchronizationJob`. */
export function shownJob(status: JobStatus): JsonObject {
  const { id, code } = status;
  const threshold = status.deleteThreshold;
  return {
    id,
    templateId: 'scim',
    schedule: {
      expiration: null,
      interval: 'PT40M',
      state: code === 'Active' || code === 'Quarantine' ? 'Active' : 'Disabled',
    },
    status: {
      code,
      countSuccessiveCompleteFailures: status.failures,
      escrowsPruned: false,
      steadyStateFirstAchievedTime: status.steadyFirst ?? NEVER,
      steadyStateLastAchievedTime: status.steadyLast ?? NEVER,
      troubleshootingUrl: '',
      lastExecution: shownExecution(status.lastExecution),
      lastSuccessfulExecution: shownExecution(status.lastSuccessful),
      lastSuccessfulExecutionWithExports: shownExecution(status.lastWithExports),
      quarantine: shownQuarantine(status),
      progress: [],
      synchronizedEntryCountByType: [],
    },
    synchronizationJobSettings:
      threshold === undefined ? [] : [{ name: 'QuarantineTooManyDeletesThreshold', value: String(threshold) }],
  };
}
