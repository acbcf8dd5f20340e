import type { MigrationReport } from '../core/migration/report.ts';
import type { MigrationView } from '../core/migration/view.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { exitOfStop } from './io.ts';
import { createPatience } from './patience.ts';
import { createProgress } from './progress.ts';
import { renderMigration } from './render/migration.ts';
import type { OpenOperator, Session } from './session.ts';
import { STREAM_VERSION } from './wait.ts';

const POLL_MS = 500;

/**
 * Watches a migration until it waits for a person or ends, and says how it goes on. It goes on without being watched. A gate
 * or a pause ends it as everything else that waits for somebody does, so that a script can tell it from the end.
 */
export async function watchMigration(
  session: Session,
  { operator, daemon }: OpenOperator,
  first: MigrationView,
): Promise<ExitCode> {
  const { io, json } = session;
  const stop = io.interrupts();
  const progress = createProgress(io.stderr);
  let view = first;
  let last = '';
  const patience = createPatience((message) => session.say(message));
  if (json) session.out(JSON.stringify(STREAM_VERSION));
  for (;;) {
    const line = JSON.stringify({ type: 'migration', migration: view });
    if (json && line !== last) session.out(line);
    last = line;
    if (!json) progress.update(progressLine(view), view.latest.text);
    if (view.status !== 'running') break;
    await io.pause(POLL_MS, stop);
    if (stop.aborted) {
      progress.end();
      const where = daemon ? 'goes on in the daemon' : 'stays open and goes on when "headgate serve" runs';
      session.say(`The migration ${where}. Look at it with: headgate migration status ${view.connection}`);
      return exitOfStop(stop);
    }
    try {
      view = await operator.migrations.migrationStatus(view.connection);
      patience.answered();
    } catch (error) {
      patience.bear(error);
    }
  }
  progress.end();
  if (!json) session.out(renderMigration(view, session.paint));
  return view.status === 'ended' ? endOf(session, operator, view.connection) : EXIT.refused;
}

/** How a migration has ended is what its report says: one that was rolled back need not have everything back. */
async function endOf(session: Session, operator: OpenOperator['operator'], connection: string): Promise<ExitCode> {
  const code = exitOfReport(await operator.migrations.migrationReport(connection));
  if (code === EXIT.failed) session.say(`It did not pass. See why: headgate migration report ${connection}`);
  return code;
}

/** What a report says, as an exit code: 0 for a good end only, that of waiting while it is still to come. A broken journal is a failure. */
export function exitOfReport({ verdict }: Pick<MigrationReport, 'verdict'>): ExitCode {
  if (verdict === 'open') return EXIT.refused;
  return verdict === 'failed' ? EXIT.failed : EXIT.done;
}

function progressLine({ steps, latest, doing }: MigrationView): string {
  const done = steps.filter(({ state }) => state === 'done').length;
  const step = `step ${Math.min(done + 1, steps.length)} of ${steps.length}: ${latest.text}`;
  return doing === undefined ? step : `${step}; ${doing}`;
}
