import type { ResourceId } from '../../core/scim.ts';
import type { Exchange } from './exchange.ts';
import { listTrusted } from './listing.ts';
import { toGroup } from './resources.ts';

/**
 * Which of these accounts are members of a group whose members the provider does not show: it is asked for the groups of
 * each. An account whose groups cannot be listed reliably counts as a member still.
 */
export async function membersAmong(
  exchange: Exchange,
  group: ResourceId,
  ids: Iterable<ResourceId>,
): Promise<ReadonlySet<ResourceId>> {
  const members = new Set<ResourceId>();
  for (const id of ids) {
    const groups = await listTrusted(exchange, {
      collection: 'Groups',
      parameters: { filter: `members.value eq ${JSON.stringify(id)}` },
      read: (body) => toGroup(body, 'hidden'),
      patient: (_exchange, read) => read(),
    });
    if (!groups.trusted || groups.resources.some((each) => each.id === group)) members.add(id);
  }
  return members;
}
