import { RefusedError } from '../core/errors.ts';
import { isDecidable } from '../core/verdict.ts';
import { shortDigest } from '../core/plan.ts';
import type { HoldDecision, HoldDesk, HoldView } from '../ports/hold-desk.ts';
import type { DecideHold, HoldHistory, HoldRecord } from '../ports/hold-store.ts';
import type { Ports } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';
import type { OperationRecord } from '../ports/stores.ts';
import { withHoldingGuards } from './holding-guards.ts';
import { counted } from '../core/reasons.ts';

const HOUR_MS = 3_600_000;
/** Operations of a cycle looked through for those a guard held. */
const MOST_READ = 10_000;

type DeskPorts = Pick<Ports, 'stores' | 'connections' | 'clock' | 'queue'>;

/** Shows holds and takes decisions about them. Nothing is sent here: the next cycle asks what was approved. */
export function createHoldDesk(ports: DeskPorts, log: Log): HoldDesk {
  const { holds } = ports.stores;
  const read = async (id: string) => {
    const found = await holds.get(id);
    if (found !== undefined) return found;
    throw new RefusedError('not-found', `there is no hold ${id}`, {
      remedy: 'see which there are: headgate holds list',
    });
  };
  const decide = async (id: string, decision: DecideHold): Promise<HoldView> => {
    const { hold: before, history } = await read(id);
    const { outcome, ...found } = await holds.decide(id, decision);
    const hold = 'hold' in found ? found.hold : before;
    if (outcome === 'changed') throw otherDigest(hold, history, decision.digest);
    if (outcome !== 'decided') throw refusal(outcome, hold);
    if ('stopped' in found) await ports.queue.enqueue('advance-cycle', { cycle: found.stopped });
    const { connection, guard, operations } = hold;
    log.info(
      { connection, hold: id, guard, operations, decision: decision.kind, by: decision.by },
      'hold decided about',
    );
    return viewOf(hold, ports.clock.now());
  };
  return {
    list: async (filter) => (await holds.list(filter)).map((hold) => viewOf(hold, ports.clock.now())),
    async show(id, limit) {
      const { hold, history } = await read(id);
      return { hold: viewOf(hold, ports.clock.now()), history, held: await heldBy(ports, hold, limit) };
    },
    async approve(id, decision) {
      const { hold } = await read(id);
      if (!isDecidable(hold.guard)) throw notApprovable(hold);
      const hours = ports.connections.get(hold.connection)?.rules.guards.approvalHours;
      if (hours === undefined) {
        const remedy = 'put the connection back into the configuration first.';
        throw new RefusedError('hold', `connection ${hold.connection} of hold ${id} is not configured any more`, {
          remedy,
        });
      }
      return decide(id, { kind: 'approved', ...decision, until: ports.clock.now() + hours * HOUR_MS });
    },
    reject: (id, decision: HoldDecision) => decide(id, { kind: 'rejected', ...decision }),
  };
}

function viewOf(hold: HoldRecord, now: number): HoldView {
  const expired = hold.state === 'approved' && (hold.decision?.until ?? 0) <= now;
  return { ...hold, state: expired ? 'waiting' : hold.state, approvable: isDecidable(hold.guard) };
}

function notApprovable({ id, guard, findings }: HoldRecord): RefusedError {
  const message = `hold ${id} cannot be approved: ${guard} lifts only when its cause is mended`;
  return new RefusedError('hold', message, { remedy: findings[0]?.remedy ?? `see: headgate holds show ${id}` });
}

/** It was this hold's once, or never: then another hold was meant, or the digest was mistyped. */
function otherDigest(hold: HoldRecord, history: readonly HoldHistory[], given: string): RefusedError {
  const now = `${counted(hold.operations, 'operation')}, digest ${shortDigest(hold.digest)}`;
  return history.some(({ digest }) => digest.startsWith(given))
    ? new RefusedError('hold', `hold ${hold.id} holds something else by now: ${now}`, {
        remedy: `look again: headgate holds show ${hold.id}`,
      })
    : new RefusedError('hold', `${shortDigest(given)} is not the digest of hold ${hold.id}, which holds ${now}`, {
        remedy: `see what it holds: headgate holds show ${hold.id}; which digest is whose: headgate holds list`,
      });
}

function refusal(outcome: 'ended' | 'unknown', hold: HoldRecord): RefusedError {
  switch (outcome) {
    case 'ended':
      return new RefusedError('hold', `hold ${hold.id} has ended: ${hold.state}`, {
        remedy: `look again: headgate holds show ${hold.id}`,
      });
    case 'unknown':
      return new RefusedError('not-found', `there is no hold ${hold.id}`, { remedy: 'headgate holds list' });
    default:
      return outcome satisfies never;
  }
}

/** The operations the guard named in the newest plan, held or sent since. */
async function heldBy({ stores }: DeskPorts, hold: HoldRecord, limit: number): Promise<readonly OperationRecord[]> {
  const cycle = await stores.cycles.get(hold.cycle);
  const findings = cycle?.verdict?.findings ?? [];
  const keys = new Set(findings.flatMap(({ guard, operations }) => (guard === hold.guard ? operations : [])));
  const all = keys.size === 0 ? [] : await stores.cycles.operations(hold.cycle, { limit: MOST_READ });
  const shown = all.filter(({ operation }) => keys.has(operation.key)).slice(0, limit);
  return withHoldingGuards(stores.cycles, shown);
}
