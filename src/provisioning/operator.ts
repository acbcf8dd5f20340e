import { RefusedError } from '../core/errors.ts';
import { WAVES, type OperationState } from '../core/operation.ts';
import type { CheckResult } from '../ports/directory-source.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';
import type { CycleView, Operator } from '../ports/operator.ts';
import type { CycleRecord } from '../ports/stores.ts';
import { connectionStatus } from './connection-status.ts';
import { createNotificationDesk } from './notifications/notification-desk.ts';
import { createCredentialDesk } from './credentials/credential-desk.ts';
import { gatherCredentials, keepCredentials } from './credentials/survey-credentials.ts';
import { examine } from './doctor.ts';
import type { Experiments } from './experiment-desk.ts';
import { createHoldDesk } from './hold-desk.ts';
import { createLinkDesk } from './link-desk.ts';
import { cycleIdOf, findCycle } from './find-cycle.ts';
import { explain } from './explain.ts';
import { withHoldingGuards } from './holding-guards.ts';
import { planSubject } from './plan-subject.ts';
import { prepareCycle } from './prepare-cycle.ts';
import { createRecovery, requireSendable } from './recovery.ts';
import { createScheduleDesk } from './schedule-desk.ts';
import { sharingWith } from './shared-resources.ts';
import { resolveSubject } from './resolve-subject.ts';

const SETTLED: readonly OperationState[] = ['exported', 'escrowed', 'held', 'cancelled'];

export interface OperatorOptions {
  readonly ports: Ports;
  readonly version: string;
  readonly startedAt: number;
  readonly log: Log;
  readonly experiments: Experiments;
  /** Checks of the parts below the connections: database, queue. */
  readonly checkPlatform: () => Promise<readonly CheckResult[]>;
  readonly reloadConfig: Operator['reloadConfig'];
}

/** Implements what people and scripts may ask, on the ports. */
export function createOperator(options: OperatorOptions): Operator {
  const { ports, version, startedAt, log, experiments, checkPlatform, reloadConfig } = options;
  const { stores, queue } = ports;
  const connectionOf = (name: string): Connection => {
    const connection = ports.connections.get(name);
    if (connection !== undefined) return connection;
    const known = [...ports.connections.keys()].join(', ');
    throw new RefusedError('not-found', `no connection is named "${name}"`, {
      remedy: `configured connections: ${known}`,
    });
  };
  const view = async (cycle: CycleRecord): Promise<CycleView> => {
    const counts = await stores.cycles.counts(cycle.id);
    const sum = (states?: readonly OperationState[]) =>
      WAVES.flatMap((wave) => Object.entries(counts[wave] ?? {}))
        .filter(([state]) => states === undefined || states.some((wanted) => wanted === state))
        .reduce((total, [, number]) => total + number, 0);
    return { ...cycle, counts, settled: sum(SETTLED), total: sum() };
  };
  const startCycle: Operator['startCycle'] = async (request) => {
    const { rules } = connectionOf(request.connection);
    requireOwnEngine(rules, request.kind);
    await requireSendable(rules.name, ports);
    // Whatever token was put into the configuration carries this cycle from its beginning.
    await keepCredentials(ports);
    const cycle = await stores.cycles.open(request);
    await queue.enqueue('start-cycle', { connection: cycle.connection, kind: cycle.kind, cycle: cycle.id });
    return view(cycle);
  };
  const holds = createHoldDesk(ports, log);
  return {
    notifications: createNotificationDesk(ports),
    credentials: createCredentialDesk({
      ports,
      log,
      startFullCycle: (connection, requestedBy) => startCycle({ connection, kind: 'initial', requestedBy }),
    }),
    holds,
    experiments: experiments.desk(connectionOf),
    links: createLinkDesk(ports, log, connectionOf),
    connections: () => [...ports.connections.keys()],
    async status() {
      const connections = await Promise.all(
        [...ports.connections.values()].map((connection) =>
          connectionStatus(connection, { ...stores, holds }, view, ports.clock.now()),
        ),
      );
      return {
        version,
        startedAt,
        asOf: ports.clock.now(),
        connections,
        schedules: await queue.listSchedules(),
        queues: await queue.counts(),
        troubles: (await checkPlatform()).filter(({ ok }) => !ok),
      };
    },
    async plan(name, progress, signal) {
      const { plan, verdict, waiting } = await prepareCycle({
        connection: connectionOf(name),
        stores,
        credentials: (inner) => gatherCredentials(ports, inner),
        sharing: sharingWith(connectionOf(name), ports.connections),
        kind: 'initial',
        now: ports.clock.now(),
        signal,
        progress,
      });
      return { plan, verdict, ...(waiting.length === 0 ? {} : { waiting }) };
    },
    startCycle,
    planSubject: (name, idOrName, signal) =>
      planSubject(
        {
          connection: connectionOf(name),
          stores,
          credentials: (inner) => gatherCredentials(ports, inner),
          sharing: sharingWith(connectionOf(name), ports.connections),
          now: ports.clock.now(),
          signal,
        },
        idOrName,
      ),
    async provision({ connection, idOrName, requestedBy, signal }) {
      const subject = await resolveSubject(connectionOf(connection), stores.links, idOrName, signal);
      return startCycle({ connection, kind: 'on-demand', requestedBy, subject });
    },
    async getCycle(id) {
      const cycle = await findCycle(stores.cycles, id);
      return cycle === undefined ? undefined : view(cycle);
    },
    listCycles: (filter) => stores.cycles.list(filter),
    operations: async (id, filter) => withHoldingGuards(stores.cycles, await stores.cycles.operations(id, filter)),
    drift: (name) => stores.drift.last(connectionOf(name).rules.name),
    async log({ cycle, ...filter }) {
      // One that was pruned is none any more: asking for it shows nothing, as before.
      const meant = cycle === undefined ? undefined : ((await cycleIdOf(stores.cycles, cycle)) ?? cycle);
      return stores.log.read({ ...filter, cycle: meant });
    },
    async cancelCycle(id) {
      const requested = await stores.cycles.requestCancel(id);
      const cycle = requested ? await stores.cycles.get(id) : undefined;
      if (cycle === undefined) return requested;
      // Who had its connection may be gone for good. What another process is sending now is recorded all the same.
      if (ports.connections.has(cycle.connection)) await queue.enqueue('advance-cycle', { cycle: id });
      else await stores.cycles.close(id, 'cancelled');
      return true;
    },
    explain: (name, idOrName, signal) => explain(connectionOf(name), stores, idOrName, signal),
    ...createScheduleDesk(ports, connectionOf),
    ...createRecovery(ports, connectionOf),
    reloadConfig,
    doctor: (signal) => examine(ports, checkPlatform, signal),
  };
}

/** An audit reads only; everything else is for the engine of the connection to do. */
function requireOwnEngine({ name, engine }: Connection['rules'], kind: CycleRecord['kind']): void {
  if (engine === undefined || kind === 'audit') return;
  throw new RefusedError('configured', `connection ${name} is provisioned by Entra itself (engine: ${engine})`, {
    remedy: 'Headgate only accompanies its migrations: headgate migration plan. To see what differs: headgate plan.',
  });
}
