import type { Command } from 'commander';
import { RefusedError } from '../../core/errors.ts';
import { parseCount } from '../duration.ts';
import { CONNECTION_OPTION } from '../connection-option.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { UsageError } from '../io.ts';
import { renderEscrow, renderEscrows } from '../render/recovery.ts';
import { grouped, plural } from '../render/text.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';

interface ListOptions {
  readonly connection?: string;
  readonly limit: number;
}

interface ActOptions {
  readonly connection?: string;
  readonly all?: boolean;
  readonly reason?: string;
}

const WHO = 'name or directory id of a user or group';

/** `headgate escrow`: look at what the provider refuses, try it again at once, or forget it and plan anew. */
export function registerEscrow(program: Command, shell: Shell): void {
  const escrow = program.command('escrow').description('look at what failed and is tried again later, and act on it');
  onRun<ListOptions>(
    shell,
    escrow
      .command('list')
      .description('list what failed, oldest first')
      .option(...CONNECTION_OPTION)
      .option('-n, --limit <count>', 'how many', parseCount(1), 50),
    runList,
  );
  onRun<ListOptions>(
    shell,
    escrow
      .command('show')
      .description("show one failure with the provider's answer, what was asked, and what to do")
      .argument('<who>', WHO)
      .option(...CONNECTION_OPTION),
    runShow,
  );
  for (const [verb, description] of [
    ['retry', 'send it again in the next cycle, without waiting any longer'],
    ['drop', 'forget the failure; what is still needed is planned and sent anew'],
  ] as const) {
    onRun<ActOptions>(
      shell,
      escrow
        .command(verb)
        .description(description)
        .argument('[who]', WHO)
        .option(...CONNECTION_OPTION)
        .option('--all', 'everything in escrow of the connection')
        .option('--reason <text>', verb === 'drop' ? 'why; it is kept (required)' : 'why; it is kept'),
      (session, options, args) => runAct(session, options, args, verb),
    );
  }
}

async function runList(session: Session, { connection: asked, limit }: ListOptions): Promise<ExitCode> {
  const connection = session.connectionName(asked);
  const { operator } = await session.connect();
  const escrows = await operator.escrows(connection, { limit });
  if (session.json) session.out(JSON.stringify(escrows, undefined, 2));
  else if (escrows.length === 0) session.say(nothing(connection));
  else {
    session.out(renderEscrows(escrows, session.io.now(), session.paint));
    if (escrows.length === limit) session.say(`The oldest ${grouped(limit)} are shown; see more with --limit.`);
  }
  return EXIT.done;
}

async function runShow(session: Session, options: ListOptions, args: readonly string[]): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const [who = ''] = args;
  const { operator } = await session.connect();
  const escrows = await operator.escrows(connection, { who, limit: 50 });
  if (escrows.length === 0) throw nobody(connection, who);
  if (session.json) session.out(JSON.stringify(escrows, undefined, 2));
  else
    session.out(
      escrows.map((escrow) => renderEscrow(escrow, connection, session.io.now(), session.paint)).join('\n\n'),
    );
  return EXIT.done;
}

async function runAct(
  session: Session,
  options: ActOptions,
  args: readonly string[],
  verb: 'retry' | 'drop',
): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const [who] = args;
  if ((who === undefined) !== (options.all === true)) throw new UsageError('name one user or group, or say --all');
  if (verb === 'drop' && options.reason === undefined) throw new UsageError('say why with --reason: it is kept');
  const { operator } = await session.connect();
  const asked = {
    connection,
    by: session.requestedBy(),
    ...(who === undefined ? {} : { who }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  };
  const count = verb === 'retry' ? await operator.retryEscrows(asked) : await operator.dropEscrows(asked);
  if (count === 0 && who !== undefined) throw nobody(connection, who);
  if (session.json) session.out(JSON.stringify({ connection, count }));
  if (count === 0) {
    session.say(nothing(connection));
    return EXIT.done;
  }
  const done = verb === 'retry' ? 'sent again by the next cycle' : 'forgotten; what is still needed is planned anew';
  const now = `To do so now: headgate cycle start -c ${connection} --incremental`;
  session.say(`${plural(count, 'need')} of ${connection}: ${done}. ${now}`);
  return EXIT.done;
}

function nothing(connection: string): string {
  return `Nothing of ${connection} is in escrow.`;
}

function nobody(connection: string, who: string): RefusedError {
  return new RefusedError('not-found', `nothing of "${who}" is in escrow at ${connection}`, {
    remedy: `see what is: headgate escrow list -c ${connection}`,
  });
}
