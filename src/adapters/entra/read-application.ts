import type { AppRole, EnterpriseApplication } from '../../core/directory.ts';
import { NotFoundError } from '../../core/errors.ts';
import { CALLS } from './call.ts';
import type { GraphClient } from './graph-client.ts';
import { listOf, objectOf, textOf, type RawObject } from './json.ts';
import { requireText } from './paging.ts';

/**
 * The service principal of an application in this tenant, with its app roles.
 * Graph: GET /servicePrincipals(appId='…').
 * @throws NotFoundError when the tenant has no enterprise application with this appId
 */
export async function readApplication(
  graph: GraphClient,
  appId: string,
  signal: AbortSignal,
): Promise<EnterpriseApplication> {
  const key = encodeURIComponent(appId.replaceAll("'", "''"));
  const answer = await graph.ask(`/servicePrincipals(appId='${key}')?$select=id,appId,displayName,appRoles`, signal);
  if (answer.status === 404) {
    throw new NotFoundError(`The tenant has no enterprise application with appId ${appId}.`, {
      status: 404,
      remedy:
        'Copy the application (client) id from the enterprise application, not its object id, and check directory.tenant.',
    });
  }
  if (answer.status !== 200) throw graph.failure(answer, CALLS.application);
  const principal = objectOf(answer.body);
  return {
    id: requireText(principal, 'id', CALLS.application),
    appId: requireText(principal, 'appId', CALLS.application),
    displayName: textOf(principal, 'displayName') ?? appId,
    roles: listOf(principal['appRoles']).map((role) => readRole(objectOf(role))),
  };
}

function readRole(role: RawObject): AppRole {
  return {
    id: requireText(role, 'id', CALLS.application),
    value: textOf(role, 'value') ?? null,
    displayName: textOf(role, 'displayName') ?? '',
    enabled: role['isEnabled'] === true,
  };
}
