import { Option, type Command } from 'commander';
import { OPERATION_KINDS, type LogOutcome } from '../../core/log-entry.ts';
import type { OperationKind } from '../../core/operation.ts';
import type { LogFilter } from '../../ports/provisioning-log.ts';
import { momentAt, parseCount, parseMoment, type Moment } from '../duration.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { followLog } from '../follow-log.ts';
import { UsageError } from '../io.ts';
import { OUTCOME_WORDS, parseOutcomes } from '../outcomes.ts';
import { renderLogEntry } from '../render/log.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';

interface Options {
  readonly connection?: string;
  readonly user?: string;
  readonly group?: string;
  readonly kind?: readonly OperationKind[];
  readonly outcome?: readonly LogOutcome[];
  readonly cycle?: string;
  readonly since?: Moment;
  readonly until?: Moment;
  readonly limit: number;
  readonly changes?: boolean;
  readonly follow?: boolean;
}

/** The API answers with at most this many entries at a time. */
const PAGE = 1000;

/** `headgate log`: every operation that was settled, with what changed and why, and everybody who was skipped; live with `--follow`. */
export function registerLog(program: Command, shell: Shell): void {
  const command = program
    .command('log')
    .description(
      'show the provisioning log: every operation, what it changed, why, and how it ended; and who was skipped',
    )
    .option('-c, --connection <name>', 'only this connection')
    .option('--user <name>', 'only this user: userPrincipalName or object id; memberships too')
    .option('--group <name>', 'only this group: name or object id')
    .addOption(new Option('--kind <kind...>', 'only these kinds').choices(OPERATION_KINDS))
    .option('--outcome <outcome...>', `only these outcomes: ${Object.values(OUTCOME_WORDS).join(', ')}`, parseOutcomes)
    .option('--cycle <id>', 'only this cycle')
    .option('--since <time>', 'from then on: 90s, 2h or 3d ago, or 2026-03-01T12:00:00Z', parseMoment)
    .option('--until <time>', 'before then', parseMoment)
    .option('-n, --limit <count>', 'at most this many, the newest', parseCount(1), 50)
    .option('--changes', 'with every attribute before and after')
    .option('-f, --follow', 'go on showing what is settled, until interrupted');
  onRun<Options>(shell, command, runLog);
}

async function runLog(session: Session, options: Options): Promise<ExitCode> {
  const filter = filterOf(session, options);
  const show = { changes: options.changes === true };
  if (options.follow === true) {
    if (filter.until !== undefined) throw new UsageError('--follow has no end: leave out --until');
    return followLog(session, filter, show);
  }
  const { operator } = await session.connect();
  const entries = [];
  let before: string | undefined;
  do {
    const page = await operator.log({ ...filter, before, limit: Math.min(PAGE, filter.limit - entries.length) });
    entries.push(...page.entries);
    before = page.older;
  } while (before !== undefined && entries.length < filter.limit);
  if (session.json) session.out(JSON.stringify(entries, undefined, 2));
  else if (entries.length === 0) session.say('The log has no such entry.');
  else
    session.out(
      entries
        .toReversed()
        .map((entry) => renderLogEntry(entry, session.paint, show))
        .join('\n'),
    );
  if (before !== undefined) session.say(`The newest ${filter.limit} are shown; more with --limit.`);
  return EXIT.done;
}

function filterOf(session: Session, options: Options): LogFilter {
  const { connection, user, group, cycle, kind, outcome, since, until, limit } = options;
  const now = session.io.now();
  return {
    connection: connection === undefined ? undefined : session.connectionName(connection),
    user,
    group,
    cycle,
    kinds: kind,
    outcomes: outcome,
    since: since === undefined ? undefined : Math.max(0, momentAt(since, now)),
    until: until === undefined ? undefined : Math.max(0, momentAt(until, now)),
    limit,
  };
}
