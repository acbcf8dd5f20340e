import type { Group } from '@microsoft/microsoft-graph-types';
import type { Anchor, DirectoryGroup } from '../../core/directory.ts';
import { selectAttributes, type Selection } from './attributes.ts';
import { CALLS } from './call.ts';
import type { GraphClient } from './graph-client.ts';
import { isObjectMissing } from './graph-failure.ts';
import { listOf, objectOf, type RawObject } from './json.ts';
import { requireSameId } from './paging.ts';

/** Properties that decide what may be done to a group. */
export const GROUP_PROPERTIES = [
  'id',
  'groupTypes',
  'onPremisesSyncEnabled',
  'mailEnabled',
  'securityEnabled',
  'isAssignableToRole',
] satisfies (keyof Group)[];

/** The groups with these ids; ids the directory does not know are missing from the map. */
export async function readGroups(
  graph: GraphClient,
  ids: readonly Anchor[],
  attributes: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Anchor, DirectoryGroup>> {
  const selection = selectAttributes(attributes, GROUP_PROPERTIES);
  const wanted = [...new Set(ids)];
  const paths = wanted.map((id) => `/groups/${encodeURIComponent(id)}?$select=${selection.select}`);
  const answers = await graph.askMany(CALLS.groups, paths, signal);
  const groups = new Map<Anchor, DirectoryGroup>();
  for (const [index, id] of wanted.entries()) {
    const answer = answers[index];
    if (answer === undefined || isObjectMissing(answer)) continue;
    if (answer.status !== 200) throw graph.failure(answer, CALLS.groups);
    groups.set(id, toGroup(id, objectOf(answer.body), selection));
  }
  return groups;
}

function toGroup(id: Anchor, object: RawObject, selection: Selection): DirectoryGroup {
  requireSameId(object, id, CALLS.groups);
  return {
    id,
    attributes: selection.read(object),
    dynamic: listOf(object['groupTypes']).includes('DynamicMembership'),
    onPremises: object['onPremisesSyncEnabled'] === true,
    mailEnabled: object['mailEnabled'] === true,
    securityEnabled: object['securityEnabled'] === true,
    roleAssignable: object['isAssignableToRole'] === true,
  };
}
