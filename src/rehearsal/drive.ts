import { setTimeout as pause } from 'node:timers/promises';
import type { RehearsalEnd } from '../core/migration/rehearsal.ts';
import type { MigrationView } from '../core/migration/view.ts';
import { RefusedError } from '../core/errors.ts';
import { createMigrationOperator } from '../migration/operator.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { MigrationAsk } from '../ports/migration-operator.ts';
import { sweep } from '../provisioning/sweep.ts';
import type { Stage } from './stage.ts';

/** Between two looks at how far it is, in ms. */
const LOOK_MS = 200;
/** Between two nudges of everything that is open, in ms: a rehearsal has no scheduler of its own. */
const SWEEP_MS = 5000;
/** A copy that does nothing for so long will do nothing more, in ms. */
const STALL_MS = 600_000;
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
  { context: { ports }, provider, startNativeJob }: Stage,
  ask: MigrationAsk,
  progress: ReadProgress,
  signal: AbortSignal,
): Promise<RehearsalEnd> {
  const operator = createMigrationOperator(ports);
  const { connection } = ask;
  const silent = () => undefined;
  startNativeJob();
  const started = await operator.startMigration({ ...ask, requestedBy: REQUESTER }, silent, signal).catch(refusal);
  if ('refused' in started) return { result: 'not-started', text: started.refused };
  const patience = createPatience();
  let sweptAt = 0;
  for (let view = started; ; view = await operator.migrationStatus(connection)) {
    const done = view.steps.filter(({ state }) => state === 'done').length;
    progress(`rehearsal: ${view.latest.text}`, done, view.steps.length);
    if (view.status === 'ended')
      return { result: view.result ?? 'aborted', ...stepOf(view), text: view.resultText ?? '' };
    const stuck = patience.look(view, ports.clock.now());
    if (stuck !== undefined) return { result: 'stopped', ...stepOf(view), text: stuck };
    if (view.paused !== undefined) return { result: 'stopped', ...stepOf(view), text: view.paused.reason };
    if (view.gate !== undefined) {
      const { name: gate, digest } = view.gate;
      // What a person would do at the provider before they say that they have.
      if (gate === 'revocation') provider.revokeToken(provider.token ?? '');
      await operator.approveMigration({ connection, gate, digest, by: APPROVER });
    }
    if (ports.clock.now() - sweptAt >= SWEEP_MS) {
      sweptAt = ports.clock.now();
      await sweep(ports, [], []);
    }
    await pause(LOOK_MS, undefined, { signal });
  }
}

/** Trouble that a real migration would wait out. On a copy nothing passes by itself: once it comes again it will stay. */
function createPatience() {
  let latest = 0;
  let since = 0;
  let troubles = 0;
  return {
    /** Why to give up; undefined while there is hope. */
    look({ latest: { at, text } }: MigrationView, now: number): string | undefined {
      const trouble = /^[a-z-]+: trouble: (.*)$/s.exec(text)?.[1];
      if (at !== latest) {
        troubles = trouble === undefined ? 0 : troubles + 1;
        [latest, since] = [at, now];
      }
      if (trouble !== undefined && troubles > 1) return `it would wait, and then need a person: ${trouble}`;
      return now - since > STALL_MS ? `nothing happened any more after: ${text}` : undefined;
    },
  };
}

function refusal(error: unknown): { readonly refused: string } {
  if (error instanceof RefusedError) return { refused: error.message };
  throw error;
}
