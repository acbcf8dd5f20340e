import { type HeadgateError, isHeadgateError, RefusedError } from '../core/errors.ts';
import { experimentSteps, judgeObservations } from '../core/experiment.ts';
import { providerOrigin } from '../core/provider-origin.ts';
import type { ExperimentDesk } from '../ports/experiment-desk.ts';
import type { Connection } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';
import type { Stores } from '../ports/stores.ts';
import { requireSendable } from './recovery.ts';
import { requireOn } from './switched-off.ts';

/** The desk, with what the end of the process needs. */
export interface Experiments {
  desk(connectionOf: (name: string) => Connection): ExperimentDesk;
  /** Ends all experiments and resolves when what they made is removed. */
  close(): Promise<void>;
}

/** What is asked of the stores before an experiment begins. */
interface AskedStores {
  readonly connections: Pick<Stores['connections'], 'get'>;
  readonly migrations: Pick<Stores['migrations'], 'openOf'>;
  readonly cycles: Pick<Stores['cycles'], 'openCycle'>;
}

interface Running {
  readonly controller: AbortController;
  readonly ended: Promise<unknown>;
}

/** The experiments of this process: one at a time for each connection. */
export function createExperiments(ports: { readonly stores: AskedStores }, log: Log): Experiments {
  const running = new Map<string, Running>();
  let closing = false;
  return {
    desk: (connectionOf) => ({
      async plan(name, domain) {
        const { rules, provider, target } = connectionOf(name);
        const refused = await refusal(rules.name, ports, running);
        return {
          connection: rules.name,
          profile: provider.profile.name,
          target: providerOrigin(target),
          names: `headgate-probe-??????@${domain}`,
          steps: experimentSteps(provider.profile),
          ...(refused === undefined ? {} : { refused: refused.message }),
        };
      },
      async run({ connection, domain, requestedBy }, signal) {
        const { rules, provider } = connectionOf(connection);
        const refused = await refusal(rules.name, ports, running);
        if (refused !== undefined) throw refused;
        if (running.has(rules.name)) throw underWay(rules.name);
        if (closing) throw new RefusedError('shutting-down', 'Headgate is shutting down.');
        const controller = new AbortController();
        const ended = provider.experiment(domain, AbortSignal.any([controller.signal, signal]));
        running.set(rules.name, { controller, ended: ended.catch(() => undefined) });
        log.info({ connection: rules.name, requestedBy }, 'an experiment on throw-away resources begins');
        try {
          const { observations, ...experiment } = await ended;
          const ids = experiment.left.map(({ id }) => id ?? 'unknown');
          if (ids.length > 0)
            log.warn({ connection: rules.name, left: ids }, 'throw-away resources could not be removed');
          const findings = judgeObservations(provider.profile, observations);
          return { ...experiment, connection: rules.name, profile: provider.profile.name, findings };
        } finally {
          running.delete(rules.name);
        }
      },
      async stop(name) {
        const found = running.get(connectionOf(name).rules.name);
        found?.controller.abort();
        return found !== undefined;
      },
    }),
    async close() {
      closing = true;
      const all = [...running.values()];
      for (const { controller } of all) controller.abort();
      await Promise.all(all.map(({ ended }) => ended));
    },
  };
}

function underWay(name: string): RefusedError {
  return new RefusedError('probe-open', `an experiment on connection ${name} is under way already`, {
    remedy: 'wait for its end.',
  });
}

/** Why no experiment may begin now: its requests would mix with others, or nothing may be sent at all. */
async function refusal(
  name: string,
  { stores }: { readonly stores: AskedStores },
  running: ReadonlyMap<string, Running>,
): Promise<HeadgateError | undefined> {
  try {
    await requireOn(name, stores.connections);
    await requireSendable(name, { stores });
  } catch (error) {
    if (!isHeadgateError(error)) throw error;
    return error;
  }
  if (running.has(name)) return underWay(name);
  const migration = await stores.migrations.openOf(name);
  if (migration !== undefined) {
    return new RefusedError('migration-open', `connection ${name} has an open migration (${migration.id})`, {
      remedy: 'a migration compares the provider before and after: probe once it has ended.',
    });
  }
  const cycle = await stores.cycles.openCycle(name);
  if (cycle === undefined) return undefined;
  return new RefusedError('cycle-open', `connection ${name} has an open cycle (${cycle.id})`, {
    remedy: `wait for its end, or cancel it: headgate cycle cancel ${cycle.id}`,
  });
}
