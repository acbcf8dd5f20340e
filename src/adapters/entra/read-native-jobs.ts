import type { Anchor } from '../../core/directory.ts';
import { UnauthorizedError } from '../../core/errors.ts';
import type { NativeJobs } from '../../core/guards/facts.ts';
import { standsStill } from '../../core/migration/native-job.ts';
import { CALLS } from './call.ts';
import type { GraphClient } from './graph-client.ts';
import { permissionRemedy } from './graph-failure.ts';
import { objectOf, textOf, type RawObject } from './json.ts';
import { listJobs } from './list-jobs.ts';

/**
 * Entra's own provisioning jobs of the service principal that are not known to stand still. A quarantined job still tries
 * once a day; one that never ran is about to when its schedule is active.
 */
export async function readNativeJobs(
  graph: GraphClient,
  client: string,
  applicationId: Anchor,
  signal: AbortSignal,
): Promise<NativeJobs> {
  try {
    const jobs = await listJobs(graph, applicationId, signal);
    return { known: true, active: jobs.filter(isRunning).map(nameOf).sort() };
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || error.facts.status !== 403) throw error;
    return {
      known: false,
      why: "whether Entra's own provisioning still runs for this application cannot be seen: Microsoft Graph refused to show its jobs (403)",
      remedy: permissionRemedy(CALLS.nativeJobs, client),
    };
  }
}

function isRunning(job: RawObject): boolean {
  const code = textOf(objectOf(job['status']), 'code') ?? '';
  if (standsStill({ code })) return false;
  return code !== 'NotRun' || textOf(objectOf(job['schedule']), 'state') === 'Active';
}

function nameOf(job: RawObject): string {
  const code = textOf(objectOf(job['status']), 'code') ?? 'state unknown';
  return `job ${textOf(job, 'id') ?? 'without an id'}: ${code}`;
}
