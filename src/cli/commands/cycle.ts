import type { Command } from 'commander';
import type { CycleKind } from '../../core/cycle.ts';
import { RefusedError } from '../../core/errors.ts';
import { parseCount, parseDuration } from '../duration.ts';
import { CONNECTION_OPTION } from '../connection-option.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { UsageError } from '../io.ts';
import { renderCycle, renderCycles } from '../render/cycle.ts';
import { renderOperations } from '../render/operations.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';
import { startCycle } from '../start-cycle.ts';

interface StartOptions {
  readonly connection?: string;
  readonly full?: boolean;
  readonly incremental?: boolean;
  readonly audit?: boolean;
  readonly wait?: boolean;
  readonly timeout?: number;
}

interface ListOptions {
  readonly connection?: string;
  readonly limit: number;
}

interface ShowOptions {
  readonly failed?: boolean;
  readonly held?: boolean;
  readonly operations?: boolean;
  readonly limit: number;
}

/** `headgate cycle`: start, look at and cancel cycles. */
export function registerCycle(program: Command, shell: Shell): void {
  const cycle = program.command('cycle').description('start, look at and cancel provisioning cycles');
  onRun<StartOptions>(
    shell,
    cycle
      .command('start')
      .description('start a cycle: read, plan, and carry the plan out')
      .option(...CONNECTION_OPTION)
      .option('--full', 'a full cycle: everything is read and compared')
      .option('--incremental', 'an incremental cycle: only what changed since the last one')
      .option('--audit', 'an audit: everything is read, what differs is reported, and nothing is sent')
      .option('--wait', 'wait until it is closed')
      .option('--timeout <time>', 'wait at most this long, such as 90s, 15m or 2h', parseDuration),
    runStart,
  );
  onRun<ListOptions>(
    shell,
    cycle
      .command('list')
      .description('list cycles, newest first')
      .option('-c, --connection <name>', 'only this connection')
      .option('-n, --limit <count>', 'how many', parseCount(1), 20),
    runList,
  );
  onRun<ShowOptions>(
    shell,
    cycle
      .command('show')
      .description('show one cycle')
      .argument('<id>', 'cycle id')
      .option('--operations', 'with its operations')
      .option('--failed', 'with the operations that failed')
      .option('--held', 'with the operations a guard holds')
      .option('-n, --limit <count>', 'how many operations', parseCount(1), 50),
    runShow,
  );
  onRun(shell, cycle.command('cancel').description('cancel an open cycle').argument('<id>', 'cycle id'), runCancel);
}

async function runStart(session: Session, options: StartOptions): Promise<ExitCode> {
  const kinds: readonly CycleKind[] = [
    ...(options.full === true ? (['initial'] as const) : []),
    ...(options.incremental === true ? (['incremental'] as const) : []),
    ...(options.audit === true ? (['audit'] as const) : []),
  ];
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1)
    throw new UsageError('say which cycle: either --full, --incremental or --audit');
  const connection = session.connectionName(options.connection);
  const timeout = options.timeout === undefined ? {} : { timeoutMs: options.timeout };
  return startCycle(session, { connection, kind }, { wait: options.wait === true, ...timeout });
}

async function runList(session: Session, options: ListOptions): Promise<ExitCode> {
  const connection: { readonly connection?: string } =
    options.connection === undefined ? {} : { connection: session.connectionName(options.connection) };
  const { operator } = await session.connect();
  const cycles = await operator.listCycles({ ...connection, limit: options.limit });
  if (session.json) session.out(JSON.stringify(cycles, undefined, 2));
  else if (cycles.length === 0) {
    const which = connection.connection === undefined ? '' : ` -c ${connection.connection}`;
    session.say(`There was no cycle yet. Start one with: headgate cycle start${which} --full --wait`);
  } else session.out(renderCycles(cycles, session.paint));
  return EXIT.done;
}

async function runShow(session: Session, options: ShowOptions, [id = '']: readonly string[]): Promise<ExitCode> {
  const { operator } = await session.connect();
  const cycle = await operator.getCycle(id);
  const states = [
    ...(options.failed === true ? (['escrowed'] as const) : []),
    ...(options.held === true ? (['held'] as const) : []),
  ];
  const wanted = options.operations === true || states.length > 0;
  const filter = { limit: options.limit, ...(states.length === 0 ? {} : { states }) };
  const operations = wanted ? await operator.operations(id, filter) : [];
  if (session.json) {
    session.out(JSON.stringify(wanted ? { ...cycle, operations } : cycle, undefined, 2));
    return EXIT.done;
  }
  session.out(renderCycle(cycle, session.paint));
  if (operations.length > 0) session.out(`\n${renderOperations(operations, session.paint)}`);
  if (operations.length === options.limit) session.say(`The first ${options.limit} are shown; more with --limit.`);
  return EXIT.done;
}

async function runCancel(session: Session, _options: object, [id = '']: readonly string[]): Promise<ExitCode> {
  const { operator, daemon } = await session.connect();
  if (!(await operator.cancelCycle(id))) {
    const { result } = await operator.getCycle(id);
    throw new RefusedError(
      'not-found',
      `cycle ${id} is closed already (${result ?? 'no result'}); nothing was cancelled`,
    );
  }
  if (session.json) session.out(JSON.stringify({ cycle: id, cancelRequested: true }));
  const when = daemon ? 'requests under way are finished first' : 'it takes effect once "headgate serve" runs';
  session.say(`Cycle ${id} will be cancelled; ${when}. Look at it with: headgate cycle show ${id}`);
  return EXIT.done;
}
