import type { Command } from 'commander';
import { printable } from '../../core/printable.ts';
import type { LinkPage } from '../../ports/link-desk.ts';
import { parseDigest } from '../digest.ts';
import { parseCount } from '../duration.ts';
import { CONNECTION_OPTION } from '../connection-option.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { UsageError } from '../io.ts';
import { renderForgotten, renderLinks, renderVanished } from '../render/links.ts';
import { grouped, shownTime } from '../render/text.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';

interface Options {
  readonly connection?: string;
}

interface PauseOptions extends Options {
  readonly reason: string;
}

interface LinksOptions extends Options {
  readonly limit: number;
}

interface ForgetOptions extends LinksOptions {
  readonly execute?: boolean;
  readonly digest?: string;
  readonly reason?: string;
  readonly by?: string;
}

/** The API answers with at most this many links at a time. */
const PAGE = 1000;

/** `headgate connection`: send nothing for a while, let it go on; see what is linked, forget what is gone. */
export function registerConnection(program: Command, shell: Shell): void {
  const connection = program.command('connection').description('act on a connection');
  onRun<PauseOptions>(
    shell,
    connection
      .command('pause')
      .description('send nothing until somebody resumes; an open cycle is given up')
      .option(...CONNECTION_OPTION)
      .requiredOption(
        '--reason <text>',
        'why; status shows it. Where it is paused already, the first reason stays, unless it only waits for a token',
      ),
    runPause,
  );
  onRun<Options>(
    shell,
    connection
      .command('resume')
      .description('lift a pause, a quarantine, and a wait the provider asked for')
      .option(...CONNECTION_OPTION),
    runResume,
  );
  onRun<LinksOptions>(
    shell,
    connection
      .command('links')
      .description('list which user or group is linked to which account or SCIM group, and how it was matched')
      .option(...CONNECTION_OPTION)
      .option('-n, --limit <count>', 'how many', parseCount(1), 50),
    runLinks,
  );
  onRun<ForgetOptions>(
    shell,
    connection
      .command('forget-vanished')
      .description(
        'after a provider was emptied or built anew: show which links lead to nothing; --execute forgets them',
      )
      .option(...CONNECTION_OPTION)
      .option('-n, --limit <count>', 'how many are shown', parseCount(1), 50)
      .option('--execute', 'forget exactly what is gone; needs --digest and --reason')
      .option('--digest <digest>', 'digest you looked at (8 digits or more)', parseDigest(8))
      .option('--reason <text>', 'why; it is kept with your name')
      .option('--by <name>', 'who decides (default: your name on this system)'),
    runForget,
  );
}

async function runPause(session: Session, options: PauseOptions): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const { operator } = await session.connect();
  const found = await operator.pauseConnection(connection, options.reason, session.requestedBy());
  const { already, since, reason } = found;
  if (session.json) session.out(JSON.stringify({ connection, ...found }));
  if (already) {
    session.say(
      `${connection} is paused already, since ${shownTime(since)}: ${printable(reason)}. That reason stays; the one given now is not kept.`,
    );
  }
  session.say(`Nothing is sent over ${connection} until: headgate connection resume -c ${connection}`);
  return EXIT.done;
}

async function runResume(session: Session, options: Options): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const { operator } = await session.connect();
  const resumed = await operator.resumeConnection(connection);
  if (session.json) session.out(JSON.stringify({ connection, resumed }));
  session.say(
    resumed
      ? `Connection ${connection} goes on.`
      : `Connection ${connection} was neither paused, in quarantine nor waiting; nothing changed.`,
  );
  return EXIT.done;
}

async function runLinks(session: Session, { connection: asked, limit }: LinksOptions): Promise<ExitCode> {
  const connection = session.connectionName(asked);
  const { operator } = await session.connect();
  const links: LinkPage['links'][number][] = [];
  let after: string | undefined;
  do {
    const place = after === undefined ? {} : { after };
    const page = await operator.links.list(connection, { ...place, limit: Math.min(PAGE, limit - links.length) });
    links.push(...page.links);
    after = page.next;
  } while (after !== undefined && links.length < limit);
  if (session.json) session.out(JSON.stringify(links, undefined, 2));
  else if (links.length === 0) session.say(`Connection ${connection} is linked to nothing yet.`);
  else session.out(renderLinks(links));
  if (after !== undefined) session.say(`The first ${grouped(limit)} are shown; see more with --limit.`);
  return EXIT.done;
}

async function runForget(session: Session, options: ForgetOptions): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const { execute = false, digest, reason, by = session.requestedBy() } = options;
  const decision = execute ? { connection, by, ...decided(digest, reason) } : undefined;
  if (decision === undefined && (digest !== undefined || reason !== undefined))
    throw new UsageError('--digest and --reason belong to --execute');
  const { operator } = await session.connect();
  if (decision === undefined) {
    const found = await operator.links.vanished(connection, session.io.interrupts());
    session.out(
      session.json ? JSON.stringify(found, undefined, 2) : renderVanished(found, session.paint, options.limit),
    );
    session.say('Nothing was changed.');
    return EXIT.done;
  }
  // Not to be cut short: whoever asked would not know whether it was done.
  const forgotten = await operator.links.forgetVanished(decision, new AbortController().signal);
  session.out(session.json ? JSON.stringify(forgotten, undefined, 2) : renderForgotten(forgotten));
  return EXIT.done;
}

function decided(digest: string | undefined, reason: string | undefined) {
  if (digest !== undefined && reason !== undefined) return { digest, reason };
  throw new UsageError(
    'say what you looked at with --digest, and why with --reason: without --execute this command shows the digest',
  );
}
