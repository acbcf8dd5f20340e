import { setTimeout as pause } from 'node:timers/promises';
import type { RehearsalEnd } from '../core/migration/rehearsal.ts';
import type { MigrationView } from '../core/migration/view.ts';
import { RefusedError } from '../core/errors.ts';
import { createMigrationOperator } from '../migration/operator.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { MigrationAsk } from '../ports/migration-operator.ts';
import type { Stage } from './stage.ts';

/** Between two looks at how far it is, in ms. */
const LOOK_MS = 200;
/** Who asks and who approves: two, so that `--two-people` is kept to as well. */
const REQUESTER = 'rehearsal';
const APPROVER = 'rehearsal (approver)';

function stepOf({ steps }: MigrationView): Pick<RehearsalEnd, 'step'> {
  const now = steps.find(({ state }) => state === 'now');
  return now === undefined ? {} : { step: now.step };
}

/**
 * Carries a migration out on a stage, saying yes at every gate, until it ends or a person would have to look. It is the very
 * machine of a real one: its steps, its journal, its cycles.
 */
export async function drive(
  { context: { ports }, provider }: Stage,
  ask: MigrationAsk,
  progress: ReadProgress,
  signal: AbortSignal,
): Promise<RehearsalEnd> {
  const operator = createMigrationOperator(ports);
  const { connection } = ask;
  const silent = () => undefined;
  const started = await operator.startMigration({ ...ask, requestedBy: REQUESTER }, silent, signal).catch(refusal);
  if ('refused' in started) return { result: 'not-started', text: started.refused };
  for (let view = started; ; view = await operator.migrationStatus(connection)) {
    const done = view.steps.filter(({ state }) => state === 'done').length;
    progress(`rehearsal: ${view.latest.text}`, done, view.steps.length);
    if (view.status === 'ended')
      return { result: view.result ?? 'aborted', ...stepOf(view), text: view.resultText ?? '' };
    if (view.paused !== undefined) return { result: 'stopped', ...stepOf(view), text: view.paused.reason };
    if (view.gate !== undefined) {
      const { name: gate, digest } = view.gate;
      // What a person would do at the provider before they say that they have.
      if (gate === 'revocation') provider.revokeToken(provider.token ?? '');
      await operator.approveMigration({ connection, gate, digest, by: APPROVER });
    }
    await pause(LOOK_MS, undefined, { signal });
  }
}

function refusal(error: unknown): { readonly refused: string } {
  if (error instanceof RefusedError) return { refused: error.message };
  throw error;
}
