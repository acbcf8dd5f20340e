import type { FastifyInstance } from 'fastify';
import { JOBS } from '../jobs/index.ts';
import { openApiToken } from './api-token.ts';
import type { Config } from './config/config.ts';
import type { CheckedFile } from './config/load.ts';
import { schedulesOf } from './config/schedules.ts';
import { openContext, systemClock, type Context } from './context.ts';
import { isHeadgateError } from './core/errors.ts';
import { createHttpApp } from './http/server.ts';
import { jobsHere, type MigrationsOf } from './jobs-here.ts';
import type { Log } from './ports/log.ts';
import { createMigrationOperator } from './migration/operator.ts';
import type { ReloadReport } from './ports/operator.ts';
import { checkClock } from './provisioning/doctor.ts';
import { createExperiments } from './provisioning/experiment-desk.ts';
import { checkChannels } from './provisioning/notifications/notification-desk.ts';
import { createOperator } from './provisioning/operator.ts';
import { createPruner } from './provisioning/prune.ts';
import { sweep } from './provisioning/sweep.ts';
import { createRehearser } from './rehearsal/rehearse.ts';
import { createReloader } from './reload.ts';

/** How often everything open is nudged again. A lost nudge delays a cycle by no more than this. */
const SWEEP_MS = 15_000;

/** What one process does. Every process serves the API's functions; not every one listens, works or schedules. */
export interface Duties {
  readonly work: boolean;
  /** Keeps the schedules and nudges what is open. */
  readonly schedule: boolean;
  /** Whose migrations are carried on by a process that works. */
  readonly migrationsOf: MigrationsOf;
}

export interface HeadgateOptions {
  readonly config: Config;
  /** Reads the configuration file anew, for a reload. Throws ConfigError. */
  readonly reread: () => Pick<CheckedFile, 'config' | 'source'>;
  readonly duties: Duties;
  readonly log: Log;
  readonly version: string;
  readonly onFatal: (error: Error) => void;
}

/** A Headgate in this process: built, then started, then closed. */
export interface Headgate {
  readonly app: FastifyInstance;
  /** The token the API asks for. */
  readonly apiToken: { read(): Promise<string> };
  /** Begins to take jobs and to sweep. */
  start(): Promise<void>;
  /** Reads the configuration anew and puts it into force; see Operator. */
  reload(): Promise<ReloadReport>;
  /** Stops taking work, lets what is in flight finish for at most `drainMs`, closes everything. Safe to call twice. */
  close(drainMs: number): Promise<void>;
}

/** Opens everything without beginning to work. Throws StartupError or ConfigError for what an operator can mend. */
export async function openHeadgate(options: HeadgateOptions): Promise<Headgate> {
  const { config, duties, log, version } = options;
  const apiToken = await openApiToken(config.http.tokenFile);
  const context = await openContext({
    config,
    jobs: jobsHere(JOBS, duties.migrationsOf),
    log,
    version,
    onFatal: options.onFatal,
  });
  const { ports, prometheus, queues } = context;
  let closing: Promise<void> | undefined;
  const sweeper = createSweeper(context, config.retention, () => reloader.config(), log);
  const reloader = createReloader({
    context,
    config,
    read: options.reread,
    settled: sweeper.settled,
    now: () => systemClock.now(),
    log,
  });
  const reload = async () => {
    const report = await reloader.reload();
    // Schedules of what was added or changed are set now, not with the next sweep.
    if (duties.schedule) await sweeper.once();
    return report;
  };
  const experiments = createExperiments(ports, log);
  const checks = () => platformChecks(context, closing !== undefined);
  const app = createHttpApp({
    operator: createOperator({
      ports,
      version,
      startedAt: systemClock.now(),
      log,
      experiments,
      checkPlatform: checks,
      reloadConfig: reload,
    }),
    migrations: {
      ...createMigrationOperator(ports),
      ...createRehearser({ ports, config: () => reloader.config(), log, version }),
    },
    renderMetrics: prometheus.render,
    readiness: checks,
    queues: { [Symbol.iterator]: () => queues.values() },
    apiToken,
    hosts: [config.http.host],
    log,
    version,
  });
  const close = async (drainMs: number) => {
    await sweeper.stop();
    // What they made is removed while the providers can still be reached.
    await experiments.close();
    await context.stopWork(drainMs);
    await app.close();
    await context.close();
  };
  return {
    app,
    apiToken,
    async start() {
      if (duties.work) await context.work();
      if (duties.schedule) await sweeper.start();
    },
    reload,
    close: (drainMs) => (closing ??= close(drainMs)),
  };
}

async function platformChecks({ ports }: Context, closing: boolean) {
  const check = async (name: string, ping: () => Promise<void>, remedy: string) => {
    try {
      await ping();
      return { name, ok: true, detail: 'answers' };
    } catch (error) {
      const detail = error instanceof Error ? error.message : 'no answer';
      return { name, ok: false, detail, remedy: (isHeadgateError(error) ? error.facts.remedy : undefined) ?? remedy };
    }
  };
  const checks = await Promise.all([
    check('database', () => ports.stores.ping(), 'see that the database runs and database.url is right.'),
    check('queue', () => ports.queue.ping(), 'see that Redis runs and queue.url is right.'),
  ]);
  // Without the database nobody knows, and that is told already.
  const more = await checkBeside(ports).catch((error: unknown) => {
    if (isHeadgateError(error)) return [];
    throw error;
  });
  const all = [...checks, ...more];
  return closing ? [...all, { name: 'shutdown', ok: false, detail: 'this process is stopping' }] : all;
}

/** What else the database tells, and Headgate can work without for a while. */
async function checkBeside(ports: Context['ports']) {
  return [await checkClock(ports.stores), ...(await checkChannels(ports))];
}

/** Sweeps at the start and then again and again. One that fails is told and tried again: the next one makes up for it. */
function createSweeper(context: Context, retention: Config['retention'], config: () => Config, log: Log) {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  const prune = createPruner(context.ports, retention, log);
  const once = () =>
    (running ??= sweep(context.ports, schedulesOf(config()), config().credentials.warnDays)
      .then(prune)
      .catch((error: unknown) => log.warn({ err: error }, 'a sweep failed; the next one makes up for it'))
      .finally(() => {
        running = undefined;
      }));
  return {
    once,
    /** Resolves when the sweep under way is over. */
    settled: async () => running,
    async start() {
      await once();
      timer = setInterval(() => void once(), SWEEP_MS);
    },
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
