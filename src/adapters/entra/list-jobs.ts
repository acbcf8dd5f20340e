import type { Anchor } from '../../core/directory.ts';
import { CALLS } from './call.ts';
import type { GraphClient } from './graph-client.ts';
import type { RawObject } from './json.ts';
import { readPages } from './paging.ts';

/**
 * Entra's own provisioning jobs of a service principal.
 * Graph: GET /servicePrincipals/{id}/synchronization/jobs, which has no alternate key (learn.microsoft.com/graph/api/
 * synchronization-synchronization-list-jobs).
 */
export async function listJobs(
  graph: GraphClient,
  applicationId: Anchor,
  signal: AbortSignal,
): Promise<readonly RawObject[]> {
  const path = `/servicePrincipals/${encodeURIComponent(applicationId)}/synchronization/jobs`;
  const jobs: RawObject[] = [];
  for await (const page of readPages(graph, CALLS.nativeJobs, path, signal)) jobs.push(...page);
  return jobs;
}
