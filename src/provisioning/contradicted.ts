import type { ConnectionRules } from '../core/connection.ts';
import type { Anchor, DirectorySnapshot } from '../core/directory.ts';
import { scopeOf } from '../core/scope.ts';

/**
 * Users whom an assignment reaches and whom the directory finds neither among its users nor among the deleted ones: two
 * replicas disagree. Nothing is taken from them, and they are looked at again until one side gives in.
 */
export function contradicted(directory: DirectorySnapshot, rules: Pick<ConnectionRules, 'scope'>): readonly Anchor[] {
  const absent = [...directory.whereabouts].filter(([, where]) => where === 'absent').map(([user]) => user);
  if (absent.length === 0) return [];
  const { reach } = scopeOf(directory, rules);
  return absent.filter((user) => reach.has(user)).sort();
}
