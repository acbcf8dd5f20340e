import pMap from 'p-map';
import { HeadgateError, InDoubtError, NotFoundError, TransientError } from '../core/errors.ts';
import type { CallOutcome, DirectoryChange, MigrationCall } from '../core/migration/journal.ts';
import { sentBeside } from '../core/migration/sent-writes.ts';
import type { SentWrite, WriteWitness } from '../core/operation.ts';
import { requireWriter, type StepContext } from './step-context.ts';

/** Calls announced in one line and sent together: few enough that a stop is felt at once. */
const TOGETHER = 20;
/** Of these, in flight at a time. Graph takes about twenty writes a second (throttling limits, identity and access). */
const AT_ONCE = 4;

/** A change in the directory as a call. */
export function directoryCall(context: StepContext, key: string, what: string, change: DirectoryChange): MigrationCall {
  return { key, what, request: context.connection.directory.show(change), change };
}

function outcomeOf(key: string, error: unknown): CallOutcome {
  const unknown = !(error instanceof HeadgateError) || error instanceof InDoubtError || error instanceof TransientError;
  const why = error instanceof Error ? error.message : 'unknown';
  return { key, state: unknown ? 'unknown' : 'failed', why };
}

/**
 * Makes directory changes, twenty at a time: announced in the journal before the first is sent, their outcomes recorded
 * after the last. True when all were made; false when the step is to stop. Throws the first failure once it is recorded.
 */
export async function changeDirectory(context: StepContext, calls: readonly MigrationCall[]): Promise<boolean> {
  for (let start = 0; start < calls.length; start += TOGETHER) {
    if (await context.interrupted()) return false;
    await changeAtOnce(context, calls.slice(start, start + TOGETHER));
  }
  return true;
}

/**
 * The same whatever was asked for meanwhile, and though the connection be paused: only whoever has lost the migration's lease
 * makes none. For what protects people.
 */
export async function changeAtOnce(context: StepContext, calls: readonly MigrationCall[]): Promise<void> {
  const writer = requireWriter(context.ports);
  await context.append([{ kind: 'calling', step: context.step, calls }]);
  const failures: unknown[] = [];
  const outcomes = await pMap(
    calls,
    async ({ key, change, request }): Promise<CallOutcome> => {
      if (change === undefined) throw new Error(`the call ${key} changes nothing in the directory`);
      const writes: SentWrite[] = [];
      const withSent = (outcome: CallOutcome) => ({ ...outcome, ...sentBeside(request, outcome.state, writes) });
      try {
        const { state, assignment } = await writer.apply(change, context.signal, (write) => writes.push(write));
        return withSent({ key, state, ...(assignment === undefined ? {} : { assignment }) });
      } catch (error) {
        // Somebody who was deleted meanwhile needs no assignment; the next survey says what that means.
        if (!(error instanceof NotFoundError && change.kind === 'assign')) failures.push(error);
        const outcome = outcomeOf(key, error);
        // How the last try was refused says nothing of one before it that was not answered.
        const mayBeDone = writes.some((write) => write.outcome === 'unknown');
        return withSent(mayBeDone ? { ...outcome, state: 'unknown' } : outcome);
      }
    },
    { concurrency: AT_ONCE },
  );
  await context.append([{ kind: 'called', step: context.step, outcomes }]);
  if (failures.length > 0) throw failures[0];
}

/** Makes one change at the provider: announced before, recorded after with what was really sent, and the links that follow. */
export async function changeProvider(
  context: StepContext,
  call: MigrationCall,
  send: (witness: WriteWitness) => Promise<Parameters<StepContext['append']>[1]>,
): Promise<void> {
  await context.append([{ kind: 'calling', step: context.step, calls: [call] }]);
  const writes: SentWrite[] = [];
  const called = (outcome: CallOutcome) => {
    const told = { ...outcome, ...sentBeside(call.request, outcome.state, writes) };
    return [{ kind: 'called' as const, step: context.step, outcomes: [told] }];
  };
  try {
    const links = await send((write) => writes.push(write));
    await context.append(called({ key: call.key, state: 'done' }), links);
  } catch (error) {
    await context.append(called(outcomeOf(call.key, error)));
    throw error;
  }
}
