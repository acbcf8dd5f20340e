import type { Command } from 'commander';
import { parseDigest } from '../digest.ts';
import { parseCount } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { UsageError } from '../io.ts';
import { renderHold, renderHolds } from '../render/hold.ts';
import { plural, shownTime } from '../render/text.ts';
import { onRun } from '../session.ts';
import type { OpenOperator, Session, Shell } from '../session.ts';
import { startCycle } from '../start-cycle.ts';

const SHOWN_OPERATIONS = 50;

interface ListOptions {
  readonly connection?: string;
  readonly all?: boolean;
  readonly limit: number;
}
interface DecideOptions {
  readonly digest?: string;
  readonly reason?: string;
  readonly by?: string;
}
interface ApproveOptions extends DecideOptions {
  readonly now?: boolean;
  readonly wait?: boolean;
}

/** `headgate holds`: what guards keep back, and what a person decides about it. */
export function registerHolds(program: Command, shell: Shell): void {
  const holds = program.command('holds').description('look at what guards hold back, approve or reject it');
  onRun<ListOptions>(
    shell,
    holds
      .command('list')
      .description('list what is held, newest first')
      .option('-c, --connection <name>', 'only this connection')
      .option('--all', 'also holds that were lifted or carried out')
      .option('-n, --limit <count>', 'how many', parseCount(1), 100),
    runList,
  );
  onRun<{ readonly limit: number }>(
    shell,
    holds
      .command('show')
      .description('show one hold with its operations, its history and how to decide')
      .argument('<id>', 'hold id')
      .option('-n, --limit <count>', 'how many operations', parseCount(1), SHOWN_OPERATIONS),
    runShow,
  );
  onRun<ApproveOptions>(
    shell,
    decision(holds.command('approve').description('let exactly what is held now go with the next cycle'))
      .option('--now', 'start that cycle at once')
      .option('--wait', 'with --now: wait until it is closed'),
    runApprove,
  );
  onRun<DecideOptions>(
    shell,
    decision(holds.command('reject').description('say that it stays held; takes an approval back')),
    runReject,
  );
}

function decision(command: Command): Command {
  return command
    .argument('<id>', 'hold id')
    .option(
      '--digest <digest>',
      'digest you looked at (8 digits or more): what changed since is not decided about',
      parseDigest(8),
    )
    .option('--reason <text>', 'why; it is kept with your name (required)')
    .option('--by <name>', 'who decides (default: your name on this system)');
}

async function runList(session: Session, options: ListOptions): Promise<ExitCode> {
  const connection = options.connection === undefined ? {} : { connection: session.connectionName(options.connection) };
  const { operator } = await session.connect();
  const holds = await operator.holds.list({ ...connection, ended: options.all === true, limit: options.limit });
  if (session.json) session.out(JSON.stringify(holds, undefined, 2));
  else if (holds.length === 0) session.say('Nothing is held.');
  else session.out(renderHolds(holds, session.paint));
  return EXIT.done;
}

async function runShow(session: Session, options: { limit: number }, [id = '']: readonly string[]): Promise<ExitCode> {
  const { operator } = await session.connect();
  const detail = await operator.holds.show(id, options.limit);
  session.out(session.json ? JSON.stringify(detail, undefined, 2) : renderHold(detail, session.paint));
  return EXIT.done;
}

/** What was decided, and why. UsageError without either; who names no digest is shown what there is to decide about. */
async function decided(
  session: Session,
  { holds }: OpenOperator['operator'],
  id: string,
  { digest, reason, by = session.requestedBy() }: DecideOptions,
) {
  if (digest === undefined) {
    session.out(renderHold(await holds.show(id, SHOWN_OPERATIONS), session.paint));
    throw new UsageError('look at the above, then decide about exactly that with --digest');
  }
  if (reason === undefined) throw new UsageError('say why with --reason: it is kept');
  return { digest, reason, by };
}

async function runApprove(session: Session, options: ApproveOptions, [id = '']: readonly string[]): Promise<ExitCode> {
  const { operator } = await session.connect();
  const hold = await operator.holds.approve(id, await decided(session, operator, id, options));
  if (session.json && options.now !== true) session.out(JSON.stringify(hold, undefined, 2));
  session.say(
    `Hold ${id} is approved until ${shownTime(hold.decision?.until)}: ${plural(hold.operations, 'operation')} of ${hold.connection} ${options.now === true ? 'go' : 'may go with the next cycle'}, unless another guard holds them.`,
  );
  if (options.now !== true) return EXIT.done;
  return startCycle(session, { connection: hold.connection, kind: 'incremental' }, { wait: options.wait === true });
}

async function runReject(session: Session, options: DecideOptions, [id = '']: readonly string[]): Promise<ExitCode> {
  const { operator } = await session.connect();
  const hold = await operator.holds.reject(id, await decided(session, operator, id, options));
  if (session.json) session.out(JSON.stringify(hold, undefined, 2));
  session.say(`Hold ${id} is rejected: ${plural(hold.operations, 'operation')} of ${hold.connection} stay held.`);
  return EXIT.done;
}
