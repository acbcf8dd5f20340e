import type { ResourceId } from '../../core/scim.ts';
import type { Ports } from '../../ports/index.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { later, unlessLost, type AccountWatch } from './look.ts';

/**
 * Asks for accounts one by one, twice and as far apart as two reads that must agree: a provider may take an account away a
 * moment after the request it does so for. Undefined once both looks found all of them, and as long as nothing else is sent.
 */
export async function unlessLostLater(
  context: AccountWatch & Pick<StepContext, 'step' | 'sight'> & { readonly ports: Pick<Ports, 'clock' | 'migration'> },
  ids: ReadonlySet<ResourceId>,
  text: string,
): Promise<StepOutcome | undefined> {
  const gone = await unlessLost(context, ids);
  if (gone !== undefined) return gone;
  const { settleMs } = context.ports.migration;
  const before = context.state().sightings[context.step];
  const waited = context.ports.clock.now() - (before?.at ?? 0);
  // Somebody else may have come by before the time was up: that is no second look.
  if (before?.times === 1 && waited < settleMs) return { is: 'again', afterMs: settleMs - waited };
  return (await context.sight(true, text)) < 2 ? later(context) : undefined;
}
