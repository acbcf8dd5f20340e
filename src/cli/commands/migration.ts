import { CONNECTION_ARGUMENT } from '../connection-option.ts';
import { writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { StartupError } from '../../core/errors.ts';
import { MIGRATION_GATES, type MigrationGate } from '../../core/migration/migration.ts';
import type { MigrationView } from '../../core/migration/view.ts';
import { renderMigrationReport } from '../../http/migration-report.ts';
import { parseDigest } from '../digest.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { UsageError } from '../io.ts';
import { renderMigration, renderMigrationPlan, renderReport } from '../render/migration.ts';
import { onRun, type Session, type Shell } from '../session.ts';
import { exitOfReport, watchMigration } from '../watch-migration.ts';
import { askOf, askWords, withAsk, type AskOptions } from './migration-ask.ts';
import { registerRehearse } from './migration-rehearse.ts';

const SHOWN_REQUESTS = 40;

/** `headgate migration`: take groups out of a connection, or switch SCIM off, without losing a user. */
export function registerMigration(program: Command, shell: Shell): void {
  const migration = program
    .command('migration')
    .description('take groups out of a connection, or switch SCIM off, without losing a user');
  onRun<AskOptions & { readonly all?: boolean }>(
    shell,
    withAsk(migration.command('plan'))
      .description('show what would happen to whom, and every request; nothing is written')
      .option(
        '--all',
        `show also who would keep access, and every direct assignment where there are more than ${SHOWN_REQUESTS} requests`,
      ),
    runPlan,
  );
  registerRehearse(migration, shell);
  onRun<AskOptions & { readonly wait?: boolean }>(
    shell,
    withAsk(migration.command('start'))
      .description('start one; it stops at each gate until somebody approves')
      .option('--wait', 'watch it until it waits for a person (exit code 3) or ends'),
    runStart,
  );
  onRun<{ readonly watch?: boolean }>(
    shell,
    forConnection(migration.command('status'))
      .description('show where it stands')
      .option('--watch', 'watch it until it waits for a person (exit code 3) or ends'),
    runStatus,
  );
  onRun<{ readonly gate: MigrationGate; readonly digest?: string }>(
    shell,
    forConnection(migration.command('approve'))
      .description('say yes at the gate it waits at')
      .addOption(new Option('--gate <gate>', 'which gate').choices(MIGRATION_GATES).makeOptionMandatory())
      .option(
        '--digest <digest>',
        'what is approved, as "headgate migration status" shows it (12 digits or more)',
        parseDigest(12),
      ),
    runApprove,
  );
  registerVerbs(migration, shell);
  onRun<{ readonly html?: string }>(
    shell,
    forConnection(migration.command('report'))
      .description('verify its journal and report users, groups, requests and approvals')
      .option('--html <file>', 'write the whole report as one page (names people, mode 0600)'),
    runReport,
  );
}

function registerVerbs(migration: Command, shell: Shell): void {
  const verbs = [
    ['pause', 'stop between two requests, until it is resumed'],
    ['resume', 'go on, after the cause of a pause was mended'],
    ['abort', 'end it as it stands; nothing is taken back'],
    ['rollback', 'assign the groups again, fill them, and take back the direct assignments it made'],
  ] as const;
  for (const [verb, text] of verbs) {
    const command = forConnection(migration.command(verb))
      .description(text)
      .option('--reason <text>', 'kept in its journal');
    onRun<{ readonly reason?: string }>(shell, command, (session, { reason }, [name]) =>
      runVerb(session, verb, reason, name),
    );
  }
}

function forConnection(command: Command): Command {
  return command.argument(...CONNECTION_ARGUMENT);
}

async function runPlan(
  session: Session,
  options: AskOptions & { readonly all?: boolean },
  [name]: readonly string[],
): Promise<ExitCode> {
  const ask = askOf(session, options, name);
  const { operator } = await session.connect();
  const plan = await operator.migrations.plan(ask, session.io.interrupts());
  if (session.json) session.out(JSON.stringify(plan, undefined, 2));
  else {
    session.out(renderMigrationPlan(plan, session.paint, options.all === true ? Infinity : SHOWN_REQUESTS));
    if (plan.obstacles.length === 0) session.out(`Next, on a copy: headgate migration rehearse ${askWords(ask)}`);
  }
  return plan.obstacles.length === 0 ? EXIT.done : EXIT.refused;
}

async function runStart(
  session: Session,
  options: AskOptions & { readonly wait?: boolean },
  [name]: readonly string[],
): Promise<ExitCode> {
  const ask = askOf(session, options, name);
  const opened = await session.connect({ work: options.wait === true, migrationsOf: [ask.connection] });
  const start = { ...ask, requestedBy: session.requestedBy() };
  const view = await opened.operator.migrations.start(start, new AbortController().signal);
  if (options.wait === true) return watchMigration(session, opened, view);
  show(session, view, opened.daemon);
  return EXIT.done;
}

/** Where it stands, and that nobody carries it on where that is so. */
function show({ json, out, say, paint }: Session, view: MigrationView, daemon: boolean): void {
  out(json ? JSON.stringify(view, undefined, 2) : renderMigration(view, paint));
  if (!daemon && view.status !== 'ended') say('No daemon is running: it goes on once "headgate serve" runs.');
}

async function runStatus(
  session: Session,
  { watch = false }: { readonly watch?: boolean },
  [name]: readonly string[],
): Promise<ExitCode> {
  const connection = session.connectionName(name);
  const { operator, daemon } = await session.connect();
  const view = await operator.migrations.migrationStatus(connection);
  // Looking on must not carry anything on.
  if (watch && (daemon || view.status !== 'running')) return watchMigration(session, { operator, daemon }, view);
  show(session, view, daemon);
  return EXIT.done;
}

async function runApprove(
  session: Session,
  { gate, digest }: { readonly gate: MigrationGate; readonly digest?: string },
  [name]: readonly string[],
): Promise<ExitCode> {
  const connection = session.connectionName(name);
  const { operator, daemon } = await session.connect();
  const shown = await operator.migrations.migrationStatus(connection);
  if (digest === undefined) {
    session.out(renderMigration(shown, session.paint));
    throw new UsageError('look at the above, then approve exactly that with --digest');
  }
  const approval = { connection, gate, digest, by: session.requestedBy() };
  show(session, await operator.migrations.approve(approval), daemon);
  return EXIT.done;
}

async function runVerb(
  session: Session,
  verb: 'pause' | 'resume' | 'abort' | 'rollback',
  reason: string | undefined,
  name: string | undefined,
): Promise<ExitCode> {
  const connection = session.connectionName(name);
  const { operator, daemon } = await session.connect();
  const why = reason === undefined ? {} : { reason };
  const view = await operator.migrations.actOnMigration({ connection, verb, by: session.requestedBy(), ...why });
  show(session, view, daemon);
  return EXIT.done;
}

async function runReport(
  session: Session,
  { html }: { readonly html?: string },
  [name]: readonly string[],
): Promise<ExitCode> {
  const connection = session.connectionName(name);
  const { operator } = await session.connect();
  const report = await operator.migrations.migrationReport(connection);
  session.out(session.json ? JSON.stringify(report, undefined, 2) : renderReport(report, session.paint));
  if (html !== undefined) {
    try {
      await writeFile(html, renderMigrationReport(report), { mode: 0o600, flag: 'wx' });
    } catch (cause) {
      const remedy = 'choose a new name in a place you may write to.';
      throw new StartupError(`the report cannot be written to ${html}`, { remedy, cause });
    }
    session.say(`Report written to ${html}. It names people: keep it as you keep the directory.`);
  }
  return exitOfReport(report);
}
