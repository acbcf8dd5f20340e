import type { Anchor } from '../../core/directory.ts';
import { UnauthorizedError } from '../../core/errors.ts';
import type { NativeJobs } from '../../core/guards/facts.ts';
import { CALLS } from './call.ts';
import type { GraphClient } from './graph-client.ts';
import { permissionRemedy } from './graph-failure.ts';
import { objectOf, textOf, type RawObject } from './json.ts';
import { readPages } from './paging.ts';

/**
 * Entra's own provisioning jobs of the service principal that are not known to stand still. A quarantined job still tries
 * once a day; one that never ran is about to when its schedule is active.
 * Graph: GET /servicePrincipals/{id}/synchronization/jobs, which has no alternate key (learn.microsoft.com/graph/api/
 * synchronization-synchronization-list-jobs).
 */
export async function readNativeJobs(
  graph: GraphClient,
  client: string,
  applicationId: Anchor,
  signal: AbortSignal,
): Promise<NativeJobs> {
  const path = `/servicePrincipals/${encodeURIComponent(applicationId)}/synchronization/jobs`;
  const active: string[] = [];
  try {
    for await (const page of readPages(graph, CALLS.nativeJobs, path, signal)) {
      active.push(...page.filter(isRunning).map(nameOf));
    }
  } catch (error) {
    if (!(error instanceof UnauthorizedError) || error.facts.status !== 403) throw error;
    return {
      known: false,
      why: "whether Entra's own provisioning still runs for this application cannot be seen: Microsoft Graph refused to show its jobs (403)",
      remedy: `${permissionRemedy(CALLS.nativeJobs, client)} If nothing but Headgate provisions this application, put native-job-active into guards.off instead.`,
    };
  }
  return { known: true, active: active.sort() };
}

function isRunning(job: RawObject): boolean {
  const code = textOf(objectOf(job['status']), 'code');
  if (code === 'Paused' || code === 'NotConfigured') return false;
  return code !== 'NotRun' || textOf(objectOf(job['schedule']), 'state') === 'Active';
}

function nameOf(job: RawObject): string {
  const code = textOf(objectOf(job['status']), 'code') ?? 'state unknown';
  return `job ${textOf(job, 'id') ?? 'without an id'}: ${code}`;
}
