import { nextCycleAction, type CycleAction, type CycleFacts } from '../src/core/cycle.ts';
import type { Wave } from '../src/core/operation.ts';
import { isQuarantined, TRIAL_SIZE, type Quarantined, waitsUntil } from '../src/core/quarantine.ts';
import type { Ports } from '../src/ports/index.ts';
import type { JobDefinition } from '../src/ports/job-queue.ts';
import type { Log } from '../src/ports/log.ts';
import type { ConnectionState, CycleRecord } from '../src/ports/stores.ts';
import { closeCycle } from '../src/provisioning/close-cycle.ts';
import { outdatedReason } from '../src/provisioning/connection-digest.ts';
import { exportSlice } from './export-slice.ts';
import { field } from './payload.ts';

export interface AdvanceCycle {
  readonly cycle: string;
}

/** Takes the one next step of a cycle that the store's state asks for: hand out slices, wait, verify, or close. */
export const advanceCycle: JobDefinition<AdvanceCycle, Ports> = {
  name: 'advance-cycle',
  queue: 'control',
  parse: (data) => ({ cycle: field(data, 'cycle') }),
  dedupe: ({ cycle }) => `advance-${cycle}`,
  async run({ cycle: id }, ports, log, signal) {
    for (;;) {
      const cycle = await ports.stores.cycles.get(id);
      if (cycle === undefined || signal.aborted) return;
      if (await cancelOutdated(cycle, ports)) continue;
      // One instant for the whole look: what comes due between two would be waited for by nobody.
      const now = ports.clock.now();
      const facts = await factsOf(cycle, now, ports);
      const action = nextCycleAction(facts, now);
      const again = await take(
        action,
        cycle,
        facts,
        now,
        ports,
        log.child({ connection: cycle.connection, cycle: id }),
      );
      if (!again) return;
    }
  },
};

/** Has a cycle stopped whose plan was made under another configuration. True when it is to be looked at again. */
async function cancelOutdated(cycle: CycleRecord, { stores, connections }: Ports): Promise<boolean> {
  const connection = connections.get(cycle.connection);
  if (cycle.phase !== 'exporting' || cycle.cancelRequested || connection === undefined) return false;
  const reason = outdatedReason(cycle.plannedUnder, connection);
  return reason !== undefined && stores.cycles.requestCancel(cycle.id, reason);
}

async function factsOf(cycle: CycleRecord, now: number, ports: Ports): Promise<CycleFacts> {
  const { cycles, connections } = ports.stores;
  const [counts, open, state] = await Promise.all([
    cycles.counts(cycle.id),
    cycles.openSlices(cycle.id),
    connections.get(cycle.connection),
  ]);
  return {
    phase: cycle.phase,
    cancelRequested: cycle.cancelRequested,
    counts,
    openSlices: open.length,
    window: state.quarantine === undefined ? ports.worker.window : 1,
    ...(state.throttledUntil === undefined ? {} : { notBefore: state.throttledUntil }),
    ...(state.quarantine?.state === 'half-open' ? { onTrial: true } : {}),
    ...stopFacts(state, now),
  };
}

/** Why nothing of the cycle may be sent: for good, or until the provider is back. Its plan must not become old meanwhile. */
function stopFacts(
  { connection, pausedReason, quarantine }: ConnectionState,
  now: number,
): Pick<CycleFacts, 'abandonReason' | 'abandonRemedy' | 'suspended'> {
  if (pausedReason !== undefined) return { abandonReason: pausedReason };
  if (!isQuarantined(quarantine)) return {};
  const until = waitsUntil(quarantine);
  if (until === undefined || until <= now) return abandoned(connection, quarantine);
  return { suspended: { until: Math.min(until, Math.max(quarantine.nextProbeAt, now + 1000)) } };
}

function abandoned(
  connection: string,
  { cause, reason }: Quarantined,
): Pick<CycleFacts, 'abandonReason' | 'abandonRemedy'> {
  const { message, requestId, remedy } = cause;
  const id = requestId === undefined ? '' : `. Request id ${requestId}`;
  return {
    abandonReason: `the connection is in quarantine (${reason}): ${message}${id}`,
    abandonRemedy: `${remedy ?? 'Mend the cause.'} The next cycle goes on once the provider answers a probe; to go on at once: headgate quarantine release -c ${connection}`,
  };
}

/** Carries the action out. True when the cycle moved on by it and should be looked at again at once. */
async function take(
  action: CycleAction,
  cycle: CycleRecord,
  facts: CycleFacts,
  now: number,
  ports: Ports,
  log: Log,
): Promise<boolean> {
  switch (action.do) {
    case 'nothing':
      return false;
    case 'gather':
      await ports.queue.enqueue('start-cycle', { connection: cycle.connection, kind: cycle.kind, cycle: cycle.id });
      return false;
    case 'wait':
      await comeBack(cycle, action.until, ports);
      return false;
    case 'export': {
      const allowed = ports.connections.get(cycle.connection)?.provider.pace().requestsPerSecond;
      const usual = ports.pace.sliceSize(cycle.connection, allowed);
      const size = facts.onTrial === true ? Math.min(TRIAL_SIZE, usual) : usual;
      const passOver = outOfPatience(cycle, now) ? 'refused' : 'nothing';
      const slices = await ports.stores.cycles.cutSlices(cycle.id, action.wave, action.slices, size, now, passOver);
      for (const slice of slices) await ports.queue.enqueue(exportSlice.name, { connection: cycle.connection, slice });
      if (slices.length > 0) return false;
      if (facts.openSlices === 0 && (await putOff(cycle, action.wave, now, ports, log))) return true;
      // Asked only when none could be cut, because it reads many rows.
      await comeBack(cycle, await ports.stores.cycles.waitingUntil(cycle.id, action.wave, now), ports);
      return false;
    }
    case 'verify':
      return ports.stores.cycles.setPhase(cycle.id, 'exporting', 'verifying');
    case 'close': {
      const failure =
        facts.abandonReason === undefined || action.result !== 'failed'
          ? undefined
          : {
              message: facts.abandonReason,
              remedy: facts.abandonRemedy ?? `mend the cause, then: headgate connection resume -c ${cycle.connection}`,
            };
      await closeCycle(ports, cycle, action.result, log, failure);
      return false;
    }
    default:
      return action satisfies never;
  }
}

/** How long a cycle waits for single resources: in ms from now, when it has nothing else to do, and from its planning. */
const PATIENCE = { fromNowMs: 60_000, fromPlanMs: 5 * 60_000 } as const;

/**
 * From then on what its resource has refused is not sent again in this cycle: where a round of short waits takes longer than
 * each wait, something would be due for ever, and the cycle would never come to putting anything off.
 */
function outOfPatience(cycle: CycleRecord, now: number): boolean {
  return now - (cycle.plannedAt ?? now) > PATIENCE.fromPlanMs;
}

/**
 * Leaves to the next cycle what the provider refuses for single resources for a while longer, such as a locked account or
 * newcomers above its quota: everybody else's changes, leavers among them, wait for the end of this one.
 */
async function putOff(cycle: CycleRecord, wave: Wave, now: number, ports: Ports, log: Log): Promise<boolean> {
  // Out of patience, also what has become due: it is not cut any more.
  const after = outOfPatience(cycle, now) ? 0 : now + PATIENCE.fromNowMs;
  const operations = await ports.stores.cycles.putOff(cycle.id, wave, after);
  if (operations > 0) log.info({ operations }, 'put off to the next cycle: the provider does not take them for now');
  return operations > 0;
}

async function comeBack(cycle: CycleRecord, until: number | undefined, ports: Ports): Promise<void> {
  if (until === undefined) return;
  const delayMs = Math.max(1, until - ports.clock.now());
  await ports.queue.enqueue(advanceCycle.name, { cycle: cycle.id }, { delayMs });
}
