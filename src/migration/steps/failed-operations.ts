import { inState } from '../../core/cycle.ts';
import { failedWords } from '../../core/migration/failed-words.ts';
import { isOwnGroup } from '../../core/migration/plan-guard.ts';
import { counted } from '../../core/reasons.ts';
import type { CycleRecord, CycleStore, OperationRecord } from '../../ports/stores.ts';
import type { StepContext } from '../step-context.ts';

/** Operations told by name. */
const TOLD = 4;

/** Operations of a cycle that the provider has refused. */
async function refusedOperations(
  { cycles }: { readonly cycles: Pick<CycleStore, 'counts' | 'operations'> },
  cycle: string,
): Promise<readonly OperationRecord[]> {
  const total = inState(await cycles.counts(cycle), 'escrowed');
  return total === 0 ? [] : cycles.operations(cycle, { states: ['escrowed'], limit: total });
}

/** Whether the provider has refused anything of a cycle that its migration is about. */
export async function hasOwnFailures(
  { ports }: Pick<StepContext, 'ports'>,
  { id, migration }: Pick<CycleRecord, 'id' | 'migration'>,
): Promise<boolean> {
  const refused = await refusedOperations(ports.stores, id);
  return refused.some(({ operation }) => isOwnGroup(operation, migration));
}

/** What the provider has refused of a cycle: what the migration is about, which a person must mend, or nothing of it. */
export type Refused = { readonly is: 'own'; readonly why: string } | { readonly is: 'others'; readonly text: string };

/**
 * What a person must know of a cycle's operations that the provider refused. Undefined when there are none, and as long as
 * another cycle at once may do better: what was linked and has gone is matched anew or created by it. What only a rollback's
 * cycle sends beside the migration's own groups is in escrow as ever: one account that nobody may change must not bar the way
 * back of everybody.
 */
export async function refusedByProvider(
  { ports, connection }: Pick<StepContext, 'ports' | 'connection'>,
  { id, migration }: CycleRecord,
  isLast: boolean,
): Promise<Refused | undefined> {
  const { name } = connection.rules;
  const refused = await refusedOperations(ports.stores, id);
  if (refused.length === 0) return undefined;
  const final = refused.filter(({ failure }) => isLast || failure?.code !== 'InvalidAnchor');
  const own = final.filter(({ operation }) => isOwnGroup(operation, migration));
  if (own.length > 0) return { is: 'own', why: failedWords(name, own.slice(0, TOLD), own.length) };
  if (final.length < refused.length) return undefined;
  const others = counted(refused.length, 'change that does not concern it is', 'changes that do not concern it are');
  return { is: 'others', text: `${others} in escrow: headgate escrow list -c ${name}` };
}
