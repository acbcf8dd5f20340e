import type { GuardSetting } from '../../core/guards/settings.ts';
import type { HoldView } from '../../ports/hold-desk.ts';
import { printable } from '../../core/printable.ts';
import { plural, shownTime } from './text.ts';

/** What a person decided about a connection's holds, for its status. */
export function holdLines(holds: readonly HoldView[]): readonly string[] {
  return holds.map((hold) => {
    const { id, guard, operations, state, decision } = hold;
    const head = `  hold ${id}: ${guard}, ${plural(operations, 'operation')}, ${state}`;
    if (decision === undefined || state === 'waiting') return `${head}; see: headgate holds show ${id}`;
    const end = decision.until === undefined ? '' : ` until ${shownTime(decision.until)}`;
    return `${head} by ${printable(decision.by)}${end}: ${printable(decision.reason)}`;
  });
}

/** Guards a configuration switched off, in words; empty when all are on. */
export function guardsOff(guards: readonly Pick<GuardSetting, 'guard' | 'on'>[]): string {
  const off = guards.filter(({ on }) => !on).map(({ guard }) => guard);
  return off.length === 0 ? '' : `guards switched off by the configuration: ${off.join(', ')}`;
}
