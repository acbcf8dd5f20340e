import { GATE_BEFORE, stepsOf, type MigrationGate, type MigrationStep } from './migration.ts';
import { digestOf } from '../plan.ts';
import { foldName } from '../reasons.ts';
import type { MigrationState } from './state.ts';

/** Why a gate is closed. */
export type GateReason = 'not-approved' | 'expired' | 'changed' | 'same-person';

export type MigrationAction =
  | { readonly do: 'step'; readonly step: MigrationStep }
  | { readonly do: 'wait'; readonly gate: MigrationGate; readonly digest: string; readonly why: GateReason }
  | { readonly do: 'abort'; readonly by: string; readonly reason: string }
  | { readonly do: 'nothing'; readonly why: 'paused' | 'ended' | 'over' };

/** What a yes at a gate would be a yes to; undefined while there is nothing to say yes to. */
export function gateDigest(state: MigrationState, gate: MigrationGate): string | undefined {
  switch (gate) {
    case 'coverage':
      return state.coverage?.digest;
    case 'disable':
      return state.verified?.digest;
    case 'revocation':
      return state.done.has('disable-connection')
        ? digestOf({ revoked: state.connection, at: state.startedAt })
        : undefined;
    default:
      return gate satisfies never;
  }
}

/** Why a gate does not open; undefined when it is open. Silence is no. */
export function gateClosed(state: MigrationState, gate: MigrationGate, now: number): GateReason | undefined {
  const approval = state.approvals[gate];
  if (approval === undefined) return 'not-approved';
  if (approval.digest !== gateDigest(state, gate)) return 'changed';
  if (approval.expiresAt <= now) return 'expired';
  const samePerson = foldName(approval.by) === foldName(state.requestedBy);
  return state.options.twoPeople && samePerson ? 'same-person' : undefined;
}

/**
 * The one next thing a migration does, from what its journal says. The first step that is not done, in order; no step is
 * ever skipped, and one that has a gate before it begins only while the gate is open.
 */
export function nextMigrationStep(state: MigrationState, now: number): MigrationAction {
  if (state.ended !== undefined) return { do: 'nothing', why: 'ended' };
  if (state.aborting !== undefined && !state.switchedOff) return { do: 'abort', ...state.aborting };
  if (state.paused !== undefined) return { do: 'nothing', why: 'paused' };
  const step = stepsOf(state.kind, state.mode, state.engine).find((one) => !state.done.has(one));
  // The last step ends the migration, so this is never met.
  if (step === undefined) return { do: 'nothing', why: 'over' };
  const gate = gateOf(state, step);
  const why = gate === undefined ? undefined : gateClosed(state, gate, now);
  if (gate === undefined || why === undefined) return { do: 'step', step };
  return { do: 'wait', gate, digest: gateDigest(state, gate) ?? '', why };
}

/** The gate still to be passed before a step: none once it has begun. */
function gateOf(state: MigrationState, step: MigrationStep): MigrationGate | undefined {
  return state.mode === 'rollback' || state.begun.has(step) ? undefined : GATE_BEFORE[step];
}

/** The gate a migration stands before, paused or not. */
export function closedGate(state: MigrationState, now: number): MigrationGate | undefined {
  const step = stepsOf(state.kind, state.mode, state.engine).find((one) => !state.done.has(one));
  const gate = step === undefined ? undefined : gateOf(state, step);
  return gate !== undefined && gateClosed(state, gate, now) !== undefined ? gate : undefined;
}
