import { RefusedError } from '../core/errors.ts';
import { pausedByPerson } from '../core/pause-reason.ts';
import { HEALTHY, isQuarantined } from '../core/quarantine.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { Operator } from '../ports/operator.ts';
import type { ConnectionStore } from '../ports/stores.ts';
import { requireOn } from './switched-off.ts';

type Recovery = Pick<
  Operator,
  | 'escrows'
  | 'retryEscrows'
  | 'dropEscrows'
  | 'recoveryActs'
  | 'releaseQuarantine'
  | 'pauseConnection'
  | 'resumeConnection'
>;

/** RefusedError while nothing may be sent over a connection, with why and what to do. */
export async function requireSendable(
  name: string,
  { stores }: { readonly stores: { readonly connections: Pick<ConnectionStore, 'get'> } },
): Promise<void> {
  const { pausedReason, quarantine } = await stores.connections.get(name);
  if (pausedReason !== undefined) {
    const remedy = `mend the cause, then: headgate connection resume -c ${name}`;
    throw new RefusedError('connection-paused', `connection ${name} is paused: ${pausedReason}`, { remedy });
  }
  if (!isQuarantined(quarantine)) return;
  const { cause, reason, nextProbeAt } = quarantine;
  const next = new Date(nextProbeAt).toISOString();
  throw new RefusedError('connection-paused', `connection ${name} is in quarantine (${reason}): ${cause.message}`, {
    remedy: `${cause.remedy ?? 'Mend the cause.'} The provider is asked again at ${next}; to go on now: headgate quarantine release -c ${name}`,
  });
}

/** What people do about escrows, quarantines and pauses. */
export function createRecovery(ports: Ports, connectionOf: (name: string) => Connection): Recovery {
  const { stores, queue } = ports;
  const nudge = async (name: string) => {
    const open = await stores.cycles.openCycle(name);
    if (open !== undefined) await queue.enqueue('advance-cycle', { cycle: open.id });
  };
  const release = async (name: string) => {
    const { before, after } = await stores.connections.changeHealth(name, (health) =>
      health.state === 'healthy' ? health : HEALTHY,
    );
    return before !== after;
  };
  return {
    escrows: (name, filter) => stores.escrows.list(connectionOf(name).rules.name, filter),
    retryEscrows: (asked) =>
      stores.escrows.retry({ ...asked, connection: connectionOf(asked.connection).rules.name, at: ports.clock.now() }),
    dropEscrows: (asked) =>
      stores.escrows.drop({ ...asked, connection: connectionOf(asked.connection).rules.name, at: ports.clock.now() }),
    recoveryActs: (name, limit) => stores.escrows.acts(connectionOf(name).rules.name, limit),
    async releaseQuarantine({ connection, by, reason }) {
      const { name } = connectionOf(connection).rules;
      const released = await release(name);
      if (released) {
        const why = reason === undefined ? {} : { reason };
        const act = { act: 'quarantine-release', subject: name, at: ports.clock.now(), by, ...why } as const;
        await stores.escrows.recordAct(name, act);
      }
      await nudge(name);
      return released;
    },
    async pauseConnection(connection, reason) {
      const { name } = connectionOf(connection).rules;
      let already = false;
      await stores.connections.changePause(name, (before) => {
        const after = pausedByPerson(reason, before);
        already = after === before;
        return after;
      });
      await nudge(name);
      const { pausedReason = reason, pausedAt = ports.clock.now() } = await stores.connections.get(name);
      return { already, since: pausedAt, reason: pausedReason };
    },
    async resumeConnection(connection) {
      const { name } = connectionOf(connection).rules;
      await requireOn(name, stores.connections);
      ports.pace.throttle(name, 0);
      const resumed = await stores.connections.resume(name);
      const released = await release(name);
      await nudge(name);
      return resumed || released;
    },
  };
}
