import closeWithGrace from 'close-with-grace';
import type { ExitCode } from './cli/exit-codes.ts';
import { inProcessTransport } from './cli/in-process.ts';
import type { ServeRole } from './cli/parts.ts';
import type { Transport } from './cli/transport.ts';
import type { Config } from './config/config.ts';
import type { CheckedFile } from './config/load.ts';
import { StartupError } from './core/errors.ts';
import { openHeadgate, type Duties, type Headgate } from './headgate.ts';
import type { MigrationsOf } from './jobs-here.ts';
import { createLogger } from './logger.ts';
import type { Log } from './ports/log.ts';

/** Time beyond the drain for closing connections, in ms. After that the process ends whatever hangs. */
const CLOSE_MARGIN_MS = 10_000;

const DUTIES: Readonly<Record<ServeRole, Duties>> = {
  all: { work: true, schedule: true, migrationsOf: 'all' },
  worker: { work: true, schedule: false, migrationsOf: 'all' },
  scheduler: { work: false, schedule: true, migrationsOf: [] },
  api: { work: false, schedule: false, migrationsOf: [] },
};

/**
 * Runs the daemon until a signal or a defect ends it. SIGTERM and SIGINT drain; a second one ends at once. SIGHUP reads the
 * configuration anew. A defect is
 * logged and ends the process too: everything that matters is in the store, and the next start goes on from there.
 */
export async function serve(
  config: Config,
  { role, reread }: { readonly role: ServeRole; readonly reread: () => CheckedFile },
  version: string,
): Promise<ExitCode> {
  const log = createLogger(config.log, { stream: process.stdout, terminal: process.stdout.isTTY }, version);
  const drainMs = config.worker.drainSeconds * 1000;
  let headgate: Headgate | undefined;
  const grace = closeWithGrace(
    { delay: drainMs + CLOSE_MARGIN_MS, logger: false, skip: ['SIGHUP'] },
    async ({ signal, err }) => {
      if (err === undefined) log.info({ signal }, 'stopping: no new work is taken, what is in flight finishes');
      else log.error({ err }, 'stopping because of an unexpected error');
      await headgate?.close(drainMs);
      log.info({}, 'stopped');
    },
  );
  const onFatal = (error: Error) => {
    log.error({ err: error }, 'the database broke; the process ends');
    grace.close();
  };
  const hangup = reloadOnHangup();
  log.info({ role, config: config.file }, 'starting');
  try {
    headgate = await openHeadgate({ config, reread, duties: DUTIES[role], log, version, onFatal });
    await listen(headgate, config);
    await headgate.start();
  } catch (error) {
    grace.uninstall();
    await headgate?.close(0);
    throw error;
  }
  log.info(
    { role, address: `http://${config.http.host}:${config.http.port}`, connections: config.connections.length },
    'started',
  );
  hangup.ready(headgate);
  // Only close-with-grace ends the process from here on.
  return new Promise<never>(() => undefined);
}

/** SIGHUP asks for a reload. One that comes while the process starts, which would end it by default, is done after that. */
function reloadOnHangup(): { ready(headgate: Headgate): void } {
  let started: Headgate | undefined;
  let wanted = false;
  const reload = () => {
    wanted = started === undefined;
    // What comes of it is logged and counted where it happens; the process goes on either way.
    void started?.reload().catch(() => undefined);
  };
  process.on('SIGHUP', reload);
  return {
    ready(headgate) {
      started = headgate;
      if (wanted) reload();
    },
  };
}

async function listen({ app }: Headgate, { http }: Config): Promise<void> {
  try {
    await app.listen({ host: http.host, port: http.port });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    const remedy = 'another Headgate may be running there; stop it, or set http.port to a free port.';
    throw new StartupError(`cannot listen on ${http.host}:${http.port} (${code})`, { remedy, cause });
  }
}

/**
 * Opens Headgate inside this process for a command that found no daemon. Nothing listens; requests go to the same routes.
 * With `work` jobs are carried out here; of migrations only those of `migrationsOf`, which a command has to be about.
 */
export async function openInProcess(
  config: Config,
  {
    work,
    reread,
    migrationsOf = [],
  }: { readonly work: boolean; readonly migrationsOf?: MigrationsOf; readonly reread: () => CheckedFile },
  version: string,
): Promise<Transport> {
  const log = createLogger(
    { ...config.log, level: 'warn' },
    { stream: process.stderr, terminal: process.stderr.isTTY },
    version,
  );
  const headgate = await openHeadgate({
    config,
    reread,
    duties: { work, schedule: false, migrationsOf },
    log,
    version,
    onFatal: (error) => fatal(error, log),
  });
  await headgate.start();
  const token = await headgate.apiToken.read();
  return inProcessTransport(headgate.app, () => headgate.close(config.worker.drainSeconds * 1000), token);
}

function fatal(error: Error, log: Log): never {
  log.error({ err: error }, 'the database broke; the command ends');
  process.exit(1);
}
