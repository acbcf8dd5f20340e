import type { Anchor } from '../../core/directory.ts';
import type { NativeExecution, NativeJob } from '../../core/migration/native-job.ts';
import type { GraphClient } from './graph-client.ts';
import { listOf, objectOf, textOf, type RawObject } from './json.ts';
import { listJobs } from './list-jobs.ts';

/**
 * Entra's own provisioning jobs of a service principal with what their last cycles came to
 * (learn.microsoft.com/graph/api/resources/synchronization-synchronizationstatus).
 */
export async function readProvisioningJobs(
  graph: GraphClient,
  applicationId: Anchor,
  signal: AbortSignal,
): Promise<readonly NativeJob[]> {
  const jobs = await listJobs(graph, applicationId, signal);
  return jobs.map(jobOf).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function jobOf(job: RawObject): NativeJob {
  const status = objectOf(job['status']);
  const last = executionOf(status['lastExecution']);
  const lastSuccessful = executionOf(status['lastSuccessfulExecution']);
  const quarantine = textOf(objectOf(status['quarantine']), 'reason');
  const deleteThreshold = thresholdOf(job);
  return {
    id: textOf(job, 'id') ?? '',
    code: textOf(status, 'code') ?? 'state unknown',
    ...(last === undefined ? {} : { last }),
    ...(lastSuccessful === undefined ? {} : { lastSuccessful }),
    ...(quarantine === undefined ? {} : { quarantine }),
    ...(deleteThreshold === undefined ? {} : { deleteThreshold }),
  };
}

const STATES: readonly NativeExecution['state'][] = ['Succeeded', 'Failed', 'EntryLevelErrors'];

/** An execution with an identity and dates that can be compared; anything else proves nothing. */
function executionOf(value: unknown): NativeExecution | undefined {
  const execution = objectOf(value);
  const id = textOf(execution, 'activityIdentifier');
  const began = Date.parse(textOf(execution, 'timeBegan') ?? '');
  const ended = Date.parse(textOf(execution, 'timeEnded') ?? '');
  const state = STATES.find((known) => known === execution['state']);
  const escrowed = execution['countEscrowed'];
  if (id === undefined || state === undefined || Number.isNaN(began) || Number.isNaN(ended)) return undefined;
  return { id, state, began, ended, escrowed: typeof escrowed === 'number' ? escrowed : 0 };
}

/** Shown among the settings of the job (learn.microsoft.com, application-provisioning-configuration-api). */
function thresholdOf(job: RawObject): number | undefined {
  const setting = listOf(job['synchronizationJobSettings'])
    .map(objectOf)
    .find((one) => one['name'] === 'QuarantineTooManyDeletesThreshold');
  const text = setting === undefined ? undefined : textOf(setting, 'value');
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
