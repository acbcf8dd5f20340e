import type { Anchor } from '../directory.ts';
import type { ResourceId } from '../scim.ts';
import type { JournalLine, MigrationCall } from './journal.ts';
import type { MigrationKind } from './migration.ts';
import { callsOf, type ReportedCall } from './reported-calls.ts';

/** What a migration has done to one user, outside of any cycle. */
export interface MigrationTrace {
  readonly migration: string;
  readonly kind: MigrationKind;
  /** Oldest first; `at` in ms since the epoch. */
  readonly calls: readonly (Pick<ReportedCall, 'at' | 'outcome'> & { readonly what: string })[];
}

/** Pure: the calls of a journal that concern a user, or the account; undefined when none does. */
export function traceOf(
  id: string,
  lines: readonly JournalLine[],
  user: Anchor,
  account: ResourceId | undefined,
): MigrationTrace | undefined {
  const [first] = lines;
  if (first?.entry.kind !== 'started') return undefined;
  const concerns = ({ change, members, principal }: MigrationCall): boolean =>
    principal === user ||
    (change?.kind === 'assign' && change.principal === user) ||
    (account !== undefined && members?.includes(account) === true);
  const calls = callsOf(lines)
    .filter(({ call }) => concerns(call))
    .map(({ at, call, outcome }) => ({ at, what: call.what, outcome }));
  return calls.length === 0 ? undefined : { migration: id, kind: first.entry.migration, calls };
}
