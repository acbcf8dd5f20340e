import type { Operation } from '../operation.ts';
import type { Drift } from './drift-facts.ts';
import { memberReason } from './plan-members.ts';

/** The operations that are left when what was changed by hand is to stay as it is. */
export function leaveDrift(operations: readonly Operation[], { undoes, undoneMembers }: Drift): Operation[] {
  return operations.flatMap((operation): readonly Operation[] => {
    if (undoes.has(operation.key)) return [];
    const undone = undoneMembers.get(operation.key);
    if (undone === undefined || operation.kind !== 'members') return [operation];
    const add = operation.add.filter((user) => !undone.add.has(user));
    const remove = operation.remove.filter(({ anchor }) => !undone.remove.has(anchor));
    return add.length + remove.length === 0 ? [] : [{ ...operation, add, remove, reason: memberReason(add, remove) }];
  });
}
