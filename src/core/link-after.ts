import type { Anchor } from './directory.ts';
import type { Link } from './link.ts';
import type { ChangeMembers, Exported, Operation } from './operation.ts';
import type { ProviderProfile } from './profile.ts';
import { rememberedPaths } from './scope.ts';

function membersAfter(operation: ChangeMembers, exported: Exported, before: readonly Anchor[]): readonly Anchor[] {
  const members = new Set(before);
  for (const { anchor } of operation.remove) members.delete(anchor);
  const unresolved = new Set(exported.unresolved ?? []);
  for (const anchor of operation.add) if (!unresolved.has(anchor)) members.add(anchor);
  return [...members].sort();
}

function removed(
  operation: Operation,
  existing: Link | undefined,
  state: 'disabled' | 'deleted',
  resourceId: string,
): Link {
  const cause = 'cause' in operation ? operation.cause : operation.reason.code;
  const { resource, anchor, label } = operation;
  return { ...existing, resource, anchor, resourceId, state, cause, label, origin: existing?.origin ?? 'created' };
}

/**
 * The link that follows from an exported operation. A disable keeps the link, so that the account can be reactivated or,
 * when its user is deleted for good, deleted; a delete that the provider only suspends on counts as a disable.
 */
export function linkAfter(
  operation: Operation,
  exported: Exported,
  existing: Link | undefined,
  profile: ProviderProfile,
): Link | undefined {
  const { resource, anchor, label } = operation;
  const paths = operation.paths === undefined ? existing?.paths : rememberedPaths(operation.paths);
  const awaiting = operation.paths === undefined ? existing?.awaiting : operation.awaiting;
  const memory = { ...(paths === undefined ? {} : { paths }), ...(awaiting === undefined ? {} : { awaiting }) };
  const base = { resource, anchor, label, ...memory };
  switch (operation.kind) {
    case 'create': {
      if (exported.resourceId === null) return undefined;
      return {
        ...base,
        resourceId: exported.resourceId,
        state: 'active',
        origin: exported.note === 'adopted' ? 'adopted' : 'created',
      };
    }
    case 'link':
    case 'update':
    case 'reactivate': {
      const resourceId = exported.resourceId ?? operation.resourceId ?? existing?.resourceId;
      if (resourceId === undefined) return undefined;
      const origin = existing?.origin ?? operation.matchedBy ?? 'created';
      const members = existing?.members === undefined ? {} : { members: existing.members };
      return { ...base, ...members, resourceId, state: 'active', origin };
    }
    case 'disable': {
      const gone = exported.resourceId === null;
      const suspends = profile.deactivate.means === 'suspend';
      // Where an account is only suspended, one the provider did not know may show up again: it must not be active unnoticed.
      return removed(operation, existing, gone && !suspends ? 'deleted' : 'disabled', operation.resourceId);
    }
    case 'delete': {
      const stays =
        resource === 'account' && profile.deactivate.deleteMeans === 'suspend' && exported.resourceId !== null;
      return removed(operation, existing, stays ? 'disabled' : 'deleted', operation.resourceId);
    }
    case 'members': {
      const resourceId = exported.resourceId ?? existing?.resourceId;
      if (resourceId === undefined) return undefined;
      const members = membersAfter(operation, exported, existing?.members ?? []);
      return { ...base, resourceId, state: 'active', origin: existing?.origin ?? 'created', members };
    }
    default:
      return operation satisfies never;
  }
}
