import { connectionChanges, restartNeeded, type ConnectionChanges } from './config/changes.ts';
import type { Config } from './config/config.ts';
import type { CheckedFile } from './config/load.ts';
import type { Context } from './context.ts';
import { ConfigError, type ConfigProblem } from './core/errors.ts';
import type { Connection } from './ports/index.ts';
import type { Log } from './ports/log.ts';
import type { ReloadReport } from './ports/operator.ts';
import { closeCycle } from './provisioning/close-cycle.ts';

export interface ReloadOptions {
  readonly context: Context;
  /** The configuration the process was started with. */
  readonly config: Config;
  /** Reads the configuration anew. Throws ConfigError. */
  readonly read: () => Pick<CheckedFile, 'config' | 'source'>;
  /** Resolves when nothing that began with the old configuration sets schedules any more. */
  readonly settled: () => Promise<void>;
  readonly now: () => number;
  readonly log: Log;
}

export interface Reloader {
  /** The configuration in force. */
  readonly config: () => Config;
  /** One after the other. ConfigError when the new configuration cannot be used; the old one then goes on untouched. */
  reload(): Promise<ReloadReport>;
}

/** Puts a configuration that was changed into force while the process runs. */
export function createReloader({ context, config, read, settled, now, log }: ReloadOptions): Reloader {
  let current = config;
  let last: Promise<unknown> = Promise.resolve();
  // Kept until they are stopped whole: when the store is away in the middle, the next reload goes on with them.
  const leaving = new Map<string, Connection>();

  async function reload(): Promise<ReloadReport> {
    const { config: next, source } = read();
    const refused = restartNeeded(current, next, source);
    if (refused.length > 0) throw new ConfigError(next.file, refused);
    const changes = connectionChanges(current, next);
    await refuseMigrating(context, changes, next, source);
    const gone = await context.reconfigure(next);
    const drainMs = current.worker.drainSeconds * 1000;
    current = next;
    for (const connection of gone) leaving.set(connection.rules.name, connection);
    for (const name of changes.added) leaving.delete(name);
    await settled();
    const stopped: { connection: string; cycle: string }[] = [];
    for (const { connection, fullCycle } of changes.changed) {
      if (!fullCycle) continue;
      const reason = `the configuration of connection ${connection} changed; its next cycle looks at everything anew`;
      const cycle = await stopCycle(context, connection, reason);
      if (cycle !== undefined) stopped.push({ connection, cycle });
    }
    for (const [name, connection] of leaving) {
      const cycle = await retire(context, connection, drainMs, log);
      if (cycle !== undefined) stopped.push({ connection: name, cycle });
      leaving.delete(name);
    }
    return { file: next.file, ...changes, stopped, warnings: next.warnings };
  }

  async function told(): Promise<ReloadReport> {
    try {
      const report = await reload();
      const { added, removed, changed, stopped } = report;
      log.info({ added, removed, changed, stopped }, 'configuration read anew');
      context.prometheus.configReloaded(true, now());
      return report;
    } catch (error) {
      const problems = error instanceof ConfigError ? { problems: error.problems } : {};
      log.error({ err: error, ...problems }, 'the new configuration is not in force');
      context.prometheus.configReloaded(false, now());
      throw error;
    }
  }

  return {
    config: () => current,
    reload() {
      const mine = last.then(told);
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}

/** What was agreed on for a migration was agreed on with the rules in force: none of them changes in the middle of it. */
async function refuseMigrating(
  { ports }: Context,
  { changed, removed }: ConnectionChanges,
  next: Config,
  source: CheckedFile['source'],
): Promise<void> {
  const replanned = changed.filter(({ fullCycle }) => fullCycle).map(({ connection }) => connection);
  const problems: ConfigProblem[] = [];
  for (const name of [...replanned, ...removed]) {
    if ((await ports.stores.migrations.openOf(name)) === undefined) continue;
    const index = next.connections.findIndex((connection) => connection.name === name);
    const place = index === -1 ? ['connections'] : ['connections', index];
    problems.push(
      source.problemAt(
        place,
        `connection ${name} has an open migration: put it back as it was, or end the migration first`,
      ),
    );
  }
  if (problems.length > 0) throw new ConfigError(next.file, problems);
}

/** Asks for the open cycle of a connection to be stopped, if it has one. */
async function stopCycle({ ports }: Context, connection: string, reason: string): Promise<string | undefined> {
  const open = await ports.stores.cycles.openCycle(connection);
  if (open === undefined || !(await ports.stores.cycles.requestCancel(open.id, reason))) return undefined;
  await ports.queue.enqueue('advance-cycle', { cycle: open.id });
  return open.id;
}

/**
 * Stops a connection that was removed: no schedule, nothing more sent, its open cycle closed. What the store knows about
 * it stays, for the day it comes back.
 */
async function retire(
  context: Context,
  connection: Connection,
  drainMs: number,
  log: Log,
): Promise<string | undefined> {
  const { ports, prometheus } = context;
  const { name } = connection.rules;
  await ports.queue.setSchedules([name], []);
  const stopped = await stopCycle(context, name, `connection ${name} was removed from the configuration`);
  await context.release(connection, drainMs);
  // Slices are with nobody now, or with another process that looks for the cancel itself: nobody is left to close it.
  const open = await ports.stores.cycles.openCycle(name);
  if (open !== undefined) await closeCycle(ports, open, 'cancelled', log.child({ connection: name, cycle: open.id }));
  await prometheus.setConnections([...ports.connections.keys()]);
  return stopped;
}
