import type { Operation } from '../operation.ts';
import { listed } from '../reasons.ts';
import type { ResourceId } from '../scim.ts';
import type { Guard } from './facts.ts';

/** How a resource is named among the shared ones. */
export function sharedKey(resource: 'account' | 'group', id: ResourceId): string {
  return `${resource} ${id}`;
}

/**
 * What an operation would take from another connection that shares it: not of somebody who is blocked or deleted in the
 * directory, whom every connection removes.
 */
export function takenResource(
  operation: Operation,
): { readonly resource: 'account' | 'group'; readonly id: ResourceId } | undefined {
  if (operation.kind !== 'disable' && operation.kind !== 'delete') return undefined;
  if (operation.resource === 'account' && operation.cause !== 'unassigned' && operation.cause !== 'filtered')
    return undefined;
  return { resource: operation.resource, id: operation.resourceId };
}

/** Whoever leaves one application may be assigned to another that provides the very same account. */
export const sharedAccount: Guard = ({ plan, shared = new Map<string, string>() }) => {
  const held = plan.operations.flatMap((operation) => {
    const taken = takenResource(operation);
    const other = taken === undefined ? undefined : shared.get(sharedKey(taken.resource, taken.id));
    return other === undefined ? [] : [{ operation, other }];
  });
  if (held.length === 0) return [];
  const others = [...new Set(held.map(({ other }) => other))].sort();
  const what = held.map(({ operation: { kind, resource, label } }) => `${kind} ${resource} ${label}`);
  return [
    {
      guard: 'shared-account',
      effect: 'hold',
      message: `${listed(what)}: still in use by ${listed(others)}, which ${others.length === 1 ? 'writes' : 'write'} to the same service provider`,
      remedy: `the hold lifts once ${listed(others)} no longer ${others.length === 1 ? 'has' : 'have'} an active link to it. If it is to go all the same, approve it: headgate holds list. To keep such accounts for good, set deprovision.unassigned: keep.`,
      operations: held.map(({ operation }) => operation.key),
      numbers: { held: held.length },
    },
  ];
};
