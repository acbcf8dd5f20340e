import type { CycleKind } from '../core/cycle.ts';
import { UnauthorizedError } from '../core/errors.ts';
import { judge } from '../core/guards.ts';
import { planCycle, type Planned } from '../core/planning/plan-cycle.ts';
import type { Verdict } from '../core/verdict.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { Connection } from '../ports/index.ts';
import type { LinkStore } from '../ports/stores.ts';
import { gatherDirectory } from './gather-directory.ts';
import { gatherProvider } from './gather-provider.ts';

export interface PreparedCycle extends Planned {
  readonly verdict: Verdict;
}

/**
 * Gathers, plans and judges, and writes nothing: the same for a cycle about to be exported and for `headgate plan`.
 */
export async function prepareCycle(
  connection: Connection,
  links: LinkStore,
  kind: CycleKind,
  signal: AbortSignal,
  progress?: ReadProgress,
  phase?: (name: 'import' | 'plan') => void,
): Promise<PreparedCycle> {
  const { rules, mapping, provider } = connection;
  phase?.('import');
  const known = await links.load(rules.name);
  const directory = await gatherDirectory(connection, known, signal, progress);
  const gathered = gatherProvider(connection, directory, known, signal, progress);
  const { inventory, vanished } = await gathered.catch((error: unknown) => {
    throw namingConnection(error, rules.name);
  });
  signal.throwIfAborted();
  phase?.('plan');
  const planned = planCycle({
    kind,
    rules,
    mapping,
    profile: provider.profile,
    directory,
    links: known,
    inventory,
    vanished,
  });
  const verdict = judge({ plan: planned.plan, rules, directory, links: known, collisions: planned.collisions });
  return { ...planned, verdict };
}

/** Both sides may refuse a credential; only the service provider's refusal concerns the connection itself. */
function namingConnection(error: unknown, connection: string): unknown {
  return error instanceof UnauthorizedError
    ? new UnauthorizedError(error.message, { ...error.facts, connection })
    : error;
}
