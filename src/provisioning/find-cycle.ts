import { RefusedError } from '../core/errors.ts';
import type { CycleRecord, CycleStore } from '../ports/stores.ts';

/** A beginning with fewer letters names nobody: it was mistyped, not shortened. */
const LEAST_LETTERS = 4;
/** Cycles named when a beginning fits several. */
const MOST_NAMED = 5;

type Cycles = Pick<CycleStore, 'get' | 'idsBeginningWith'>;

/** The id that is meant by an id or its beginning; undefined when there is none. RefusedError when several begin so. */
export async function cycleIdOf(cycles: Cycles, idOrBeginning: string): Promise<string | undefined> {
  if (idOrBeginning.length < LEAST_LETTERS) return undefined;
  const found = await cycles.idsBeginningWith(idOrBeginning, MOST_NAMED + 1);
  if (found.length < 2 || found.includes(idOrBeginning)) return found.find((id) => id === idOrBeginning) ?? found[0];
  const more = found.length > MOST_NAMED ? ' and more' : '';
  throw new RefusedError(
    'ambiguous',
    `several cycles begin with ${idOrBeginning}: ${found.slice(0, MOST_NAMED).join(', ')}${more}`,
    { remedy: 'give more of its letters; see them with: headgate cycle list' },
  );
}

/** The cycle that is meant by an id or its beginning. Errors as in `cycleIdOf`. */
export async function findCycle(cycles: Cycles, idOrBeginning: string): Promise<CycleRecord | undefined> {
  const cycle = await cycles.get(idOrBeginning);
  if (cycle !== undefined) return cycle;
  const id = await cycleIdOf(cycles, idOrBeginning);
  return id === undefined ? undefined : cycles.get(id);
}
