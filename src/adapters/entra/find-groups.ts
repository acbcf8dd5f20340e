import { type Anchor, GUID } from '../../core/directory.ts';
import { CALLS } from './call.ts';
import type { GraphClient } from './graph-client.ts';
import { textOf } from './json.ts';
import { readPages, requireText } from './paging.ts';
import { readGroups } from './read-groups.ts';

/** Groups with this object id or exactly this displayName. Names are not unique in Entra ID, so there may be several. */
export async function findGroups(
  graph: GraphClient,
  idOrName: string,
  signal: AbortSignal,
): Promise<readonly { readonly id: Anchor; readonly name: string }[]> {
  const wanted = idOrName.trim();
  if (wanted === '') return [];
  if (GUID.test(wanted)) {
    const groups = await readGroups(graph, [wanted.toLowerCase()], ['displayName'], signal);
    return [...groups.values()].map(({ id, attributes: { displayName } }) => ({
      id,
      name: typeof displayName === 'string' && displayName !== '' ? displayName : id,
    }));
  }
  const filter = encodeURIComponent(`displayName eq '${wanted.replaceAll("'", "''")}'`);
  const found: { readonly id: Anchor; readonly name: string }[] = [];
  for await (const page of readPages(graph, CALLS.groups, `/groups?$filter=${filter}&$select=id,displayName`, signal)) {
    for (const group of page) {
      const id = requireText(group, 'id', CALLS.groups);
      found.push({ id, name: textOf(group, 'displayName') ?? id });
    }
  }
  return found;
}
