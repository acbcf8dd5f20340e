import { inState } from '../../core/cycle.ts';
import { failedWords } from '../../core/migration/failed-words.ts';
import type { CycleRecord } from '../../ports/stores.ts';
import type { StepContext } from '../step-context.ts';

/** Operations told by name. */
const TOLD = 4;

/**
 * What a person must know of a cycle's operations that the provider refused. Undefined when there are none, and as long as
 * another cycle at once may do better: what was linked and has gone is matched anew or created by it.
 */
export async function refusedByProvider(
  { ports, connection }: Pick<StepContext, 'ports' | 'connection'>,
  { id }: CycleRecord,
  isLast: boolean,
): Promise<string | undefined> {
  const { cycles } = ports.stores;
  const total = inState(await cycles.counts(id), 'escrowed');
  if (total === 0) return undefined;
  const refused = await cycles.operations(id, { states: ['escrowed'], limit: total });
  const final = refused.filter(({ failure }) => isLast || failure?.code !== 'InvalidAnchor');
  if (final.length === 0) return undefined;
  return failedWords(connection.rules.name, final.slice(0, TOLD), final.length);
}
