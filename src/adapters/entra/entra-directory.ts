import type { DirectorySource } from '../../ports/directory-source.ts';
import { checkDirectory } from './check.ts';
import { resolveEndpoints } from './clouds.ts';
import { findGroups } from './find-groups.ts';
import { createGraphClient } from './graph-client.ts';
import { locateUsers } from './locate-users.ts';
import type { EntraOptions } from './options.ts';
import { createPersistence, DEFAULT_PATIENCE } from './patience.ts';
import { createTracking } from './read-changes.ts';
import { readApplication } from './read-application.ts';
import { readAssignments } from './read-assignments.ts';
import { readNativeJobs } from './read-native-jobs.ts';
import { readProvisioningJobs } from './read-provisioning-jobs.ts';
import { readGroups } from './read-groups.ts';
import { readGroupsOfUser, readMemberships } from './read-memberships.ts';
import { findUser, readUsers } from './read-users.ts';
import { createTokenNetwork } from './token-network.ts';
import { createTokenSource } from './tokens.ts';
import { createTransport } from './transport.ts';
import { requestOf } from './write-requests.ts';

/**
 * Microsoft Entra ID as the source of authority, read through Microsoft Graph with application permissions
 * (Application.Read.All, GroupMember.Read.All, User.Read.All, and Synchronization.Read.All to see Entra's own engine).
 * It cannot write. Nothing is requested before the first
 * read; `close` ends requests under way.
 * @throws StartupError for endpoints or a tenant that cannot be right
 */
export function createEntraDirectory(options: EntraOptions): DirectorySource {
  const patience = { ...DEFAULT_PATIENCE, ...options.patience };
  const endpoints = resolveEndpoints(options);
  const { metrics, log, now, client } = options;
  const lifetime = new AbortController();
  const transport = createTransport(patience);
  const network = createTokenNetwork(
    endpoints,
    transport,
    createPersistence({ patience, metrics, log, now }),
    now,
    lifetime.signal,
  );
  const tokens = createTokenSource({ ...options, endpoints, network });
  const graph = createGraphClient({
    root: endpoints.graph,
    client,
    tokens,
    transport,
    persistence: createPersistence({ patience, metrics, log, now }),
    metrics,
    now,
  });
  const tracking = createTracking(graph, options.tenant, now);
  return {
    readApplication: (appId, signal) => readApplication(graph, appId, signal),
    readAssignments: (applicationId, signal) => readAssignments(graph, applicationId, signal),
    readMemberships: (groups, signal, progress) => readMemberships(graph, patience.wait, groups, signal, progress),
    readGroups: (ids, attributes, signal) => readGroups(graph, ids, attributes, signal),
    readUsers: (ids, attributes, signal, progress) => readUsers(graph, ids, attributes, signal, progress),
    locateUsers: (ids, signal) => locateUsers(graph, patience.wait, ids, signal),
    findUser: (idOrName, attributes, signal) => findUser(graph, idOrName, attributes, signal),
    findGroups: (idOrName, signal) => findGroups(graph, idOrName, signal),
    readGroupsOfUser: (user, signal) => readGroupsOfUser(graph, user, signal),
    startWatermark: (attributes, signal) => tracking.startWatermark(attributes, signal),
    readChanges: (since, attributes, signal, progress) => tracking.readChanges(since, attributes, signal, progress),
    readNativeJobs: (applicationId, signal) => readNativeJobs(graph, client, applicationId, signal),
    readProvisioningJobs: (applicationId, signal) => readProvisioningJobs(graph, applicationId, signal),
    show: requestOf,
    check: (appId, signal) => checkDirectory(graph, tokens, appId, signal),
    async close(): Promise<void> {
      lifetime.abort();
      await transport.close();
    },
  };
}
