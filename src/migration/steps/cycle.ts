import { heldOperations } from '../../core/guards.ts';
import type { MigrationMode } from '../../core/migration/migration.ts';
import { thenResume } from '../../core/migration/failed-words.ts';
import { asSentence, listed } from '../../core/reasons.ts';
import type { GuardName } from '../../core/verdict.ts';
import type { CycleRecord } from '../../ports/stores.ts';
import { ownCycles, sentByCycles, STOPPED_BY_PAUSE } from '../own-cycles.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { refusedByProvider } from './failed-operations.ts';
import { SOON_MS } from './look.ts';
import { afterPutOff, putOffs } from './put-off.ts';

/** Cycles a step starts before a person must look; one that was put off in part, and has no failure, is not counted. */
const MOST_CYCLES = 3;

/**
 * Runs a whole full cycle under the migration's guard and waits for its end. Only one that sent everything it may and had
 * nothing fail counts; one that was cut short, failed or was cancelled does not. One whose lists could not be trusted counts,
 * and its doubts are told: everything a migration rests on was read by its id then.
 */
export async function runCycle(context: StepContext, mode: MigrationMode): Promise<StepOutcome> {
  const { ports, connection, id, step } = context;
  const { name } = connection.rules;
  const { pausedReason } = await ports.stores.connections.get(name);
  if (pausedReason !== undefined) return { is: 'stop', why: `the connection is paused: ${pausedReason}` };
  await context.begin();
  const cycles = (await ownCycles(context)).filter(({ migration }) => migration?.mode === mode);
  const state = context.state();
  const latest = state.cycles[step]?.at(-1);
  if (latest !== undefined) {
    const cycle = await ports.stores.cycles.get(latest);
    if (cycle?.phase !== 'closed') return { is: 'again', afterMs: SOON_MS };
    await context.append(await sentByCycles(context, state));
    return judge(context, cycle, cycles);
  }
  const unrecorded = cycles.find(({ id: cycle }) => !state.allCycles.includes(cycle));
  if (unrecorded !== undefined) {
    await context.append([{ kind: 'cycle', step, cycle: unrecorded.id }]);
    return { is: 'again', afterMs: 1 };
  }
  if ((await ports.stores.cycles.openCycle(name)) !== undefined) return { is: 'again', afterMs: SOON_MS };
  const groups = state.before?.groups.map(({ anchor }) => anchor) ?? [];
  const cycle = await ports.stores.cycles.open({
    connection: name,
    kind: 'initial',
    requestedBy: `migration ${id}`,
    migration: { id, mode, groups },
  });
  await context.append([{ kind: 'cycle', step, cycle: cycle.id }]);
  await ports.queue.enqueue('start-cycle', { connection: name, kind: 'initial', cycle: cycle.id });
  return { is: 'again', afterMs: SOON_MS };
}

async function judge(context: StepContext, cycle: CycleRecord, own: readonly CycleRecord[]): Promise<StepOutcome> {
  const { connection } = context;
  const findings = cycle.verdict?.findings ?? [];
  const refused = (by: GuardName) => findings.find(({ guard, effect }) => guard === by && effect === 'refuse');
  // Read while somebody was moved, it may miss people: whom it would remove is not known before a read is proved.
  const isUnread = refused('incomplete-read') !== undefined;
  const removal = refused('migration');
  if (cycle.result === 'refused' && removal !== undefined && !isUnread) return { is: 'abort', why: removal.message };
  // A cycle of which everything is held by this very guard has nothing left to do for the migration.
  if ((cycle.result === 'succeeded' || cycle.result === 'held') && cycle.kind === 'initial')
    return unlessHeld(context, cycle, 'succeeded');
  if (cycle.result === 'cancelled' && cycle.cancelReason === STOPPED_BY_PAUSE)
    return { is: 'reopen', step: context.step, why: `full cycle ${cycle.id} was stopped by a pause` };
  const waiting = await putOffs(context, own);
  if (waiting.has(cycle.id)) return afterPutOff(context, cycle, own, waiting);
  const runs = own.length - waiting.size;
  const { message = `it ended as ${cycle.result ?? 'unknown'}`, remedy } = cycle.failure ?? {};
  const hasErrors = cycle.result === 'entry-level-errors';
  const failed = hasErrors ? await refusedByProvider(context, cycle, runs >= MOST_CYCLES) : undefined;
  if (failed?.is === 'others') return unlessHeld(context, cycle, `has done its part; ${failed.text}`);
  const why =
    failed?.why ??
    (remedy === undefined ? message : `${asSentence(message)} ${thenResume(remedy, connection.rules.name)}`);
  // The next look starts another one: this one does not count.
  const again: StepOutcome = { is: 'reopen', step: context.step, why: `full cycle ${cycle.id} does not count: ${why}` };
  const mayPass = isUnread || (hasErrors && failed === undefined);
  if (mayPass && runs < MOST_CYCLES) return again;
  // Together: a crash in between must not send again what was refused.
  return { is: 'stop', why: again.why, first: [{ kind: 'reopened', step: context.step, why: again.why }] };
}

/** A cycle counts unless another guard holds something of the migration's own. */
async function unlessHeld(context: StepContext, cycle: CycleRecord, how: string): Promise<StepOutcome> {
  const { verdict, migration } = cycle;
  const groups = new Set(migration?.groups);
  const held = verdict === undefined ? new Map<string, string>() : heldOperations(verdict);
  const others = [...held].filter(([key, guard]) => guard !== 'migration' && groups.has(key.split(':').at(-1) ?? ''));
  if (others.length === 0) return { is: 'done', text: `full cycle ${cycle.id} ${how}${doubtWords(cycle)}` };
  // What a person mends is seen by another cycle only: this one stays as it was judged.
  const guard = others[0]?.[1];
  const { message = '', remedy = '' } = verdict?.findings.find((finding) => finding.guard === guard) ?? {};
  const why = `guard ${guard ?? ''} holds ${others.length} of the migration's own operations: ${message}. ${remedy} Then resume: another full cycle looks anew`;
  await context.append([{ kind: 'reopened', step: context.step, why: `full cycle ${cycle.id} does not count` }]);
  return { is: 'stop', why };
}

function doubtWords({ notices }: CycleRecord): string {
  const doubts = notices.flatMap(({ code, text }) => (code === 'list-doubted' ? [text] : []));
  return doubts.length === 0
    ? ''
    : `; ${listed(doubts)}: every linked account and group it did not show was read by its id, and the next steps do the same`;
}
