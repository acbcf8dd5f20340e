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
  operation: Extract<Operation, { readonly kind: 'disable' | 'delete' }>,
  existing: Link | undefined,
  state: 'disabled' | 'deleted',
): Link | undefined {
  // What a link leads to by now is not what this was done to.
  if (existing?.resourceId !== operation.resourceId) return undefined;
  const cause = 'cause' in operation ? operation.cause : operation.reason.code;
  return { ...existing, state, cause, label: operation.label };
}

/** Whether it makes a link where there is none; one matched by `link` renews the one there is. */
function joins(operation: Operation): boolean {
  return 'matchedBy' in operation && operation.matchedBy !== undefined && operation.matchedBy !== 'link';
}

/**
 * The link that follows from an exported operation. A disable keeps the link, so that the account can be reactivated or,
 * when its user is deleted for good, deleted; a delete that the provider only suspends on counts as a disable. Undefined
 * when none follows: only a creation and a match make a link, so that one that was forgotten does not come back by the rest.
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
      if (existing === undefined && !joins(operation)) return undefined;
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
      return removed(operation, existing, gone && !suspends ? 'deleted' : 'disabled');
    }
    case 'delete': {
      const stays =
        resource === 'account' && profile.deactivate.deleteMeans === 'suspend' && exported.resourceId !== null;
      return removed(operation, existing, stays ? 'disabled' : 'deleted');
    }
    case 'members': {
      if (existing === undefined) return undefined;
      const members = membersAfter(operation, exported, existing.members ?? []);
      const resourceId = exported.resourceId ?? existing.resourceId;
      return { ...base, resourceId, state: 'active', origin: existing.origin, members };
    }
    default:
      return operation satisfies never;
  }
}
