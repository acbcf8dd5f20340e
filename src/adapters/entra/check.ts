import { isHeadgateError } from '../../core/errors.ts';
import type { CheckResult } from '../../ports/directory-source.ts';
import { CALLS, type Call } from './call.ts';
import type { GraphClient } from './graph-client.ts';
import { listOf, objectOf, textOf } from './json.ts';
import { readApplication } from './read-application.ts';
import type { TokenSource } from './tokens.ts';

/**
 * Proves credential and permissions by the cheapest read each of them allows. Stops where the next check would only
 * repeat the failure before it. Throws nothing but an abort or a defect.
 */
export async function checkDirectory(
  graph: GraphClient,
  tokens: TokenSource,
  appId: string,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = [];

  async function prove<T>(name: string, detail: (value: T) => string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      const value = await read();
      results.push({ name, ok: true, detail: detail(value) });
      return value;
    } catch (error) {
      if (!isHeadgateError(error)) throw error;
      const { remedy } = error.facts;
      results.push({ name, ok: false, detail: error.message, ...(remedy === undefined ? {} : { remedy }) });
      return undefined;
    }
  }

  async function proveReadable(call: Call, path: string): Promise<unknown> {
    return prove(
      call.what,
      () => `${call.permission} is granted`,
      () => graph.get(call, path, signal),
    );
  }

  const token = await prove(
    'access token',
    () => 'given by the login service',
    () => tokens.token({ signal }),
  );
  if (token === undefined) return results;
  const application = await prove(
    'enterprise application',
    ({ displayName, roles }) => `${displayName}, ${roles.length} app roles`,
    () => readApplication(graph, appId, signal),
  );
  if (application !== undefined) {
    await proveReadable(CALLS.assignments, `/servicePrincipals/${application.id}/appRoleAssignedTo?$top=1`);
  }
  const groups = await proveReadable(CALLS.groups, '/groups?$select=id&$top=1');
  const group = textOf(objectOf(listOf(objectOf(groups)['value'])[0]), 'id');
  if (group !== undefined) await proveReadable(CALLS.members, `/groups/${group}/members?$select=id&$top=1`);
  await proveReadable(CALLS.users, '/users?$select=id,accountEnabled&$top=1');
  await proveReadable(CALLS.deletedUsers, '/directory/deletedItems/microsoft.graph.user?$select=id&$top=1');
  return results;
}
