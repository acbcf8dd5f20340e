import type { Command } from 'commander';
import { configSchema } from '../../config/json-schema.ts';
import { loadFile } from '../../config/load.ts';
import { redact, showConfig } from '../../config/show.ts';
import { ConfigError, StartupError } from '../../core/errors.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { problemLines } from '../failure.ts';
import { renderReload } from '../render/reload.ts';
import { plural } from '../render/text.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';
import { daemonUrl } from '../transport.ts';

/** `headgate config`: check, describe and show the configuration. */
export function registerConfig(program: Command, shell: Shell): void {
  const config = program.command('config').description('check, describe and show the configuration');
  onRun(
    shell,
    config.command('check').description('report every problem with line and column; exit code 78 when there is one'),
    runCheck,
  );
  onRun(
    shell,
    config
      .command('reload')
      .description('have the daemon read the file anew; one that is not valid changes nothing (same as SIGHUP)'),
    runReload,
  );
  onRun(shell, config.command('schema').description('print the JSON Schema, for editors'), runSchema);
  onRun(
    shell,
    config.command('show').description('print the configuration as it takes effect: defaults marked, secrets redacted'),
    runShow,
  );
}

/** The file is read here first, so that its problems come with their lines even when no daemon runs. */
async function runReload(session: Session): Promise<ExitCode> {
  const { http } = session.config();
  const { operator, daemon } = await session.connect();
  if (!daemon) {
    throw new StartupError(`no daemon answers at ${daemonUrl(http)}, so there is nothing to reload`, {
      remedy: 'start it with "headgate serve"; if http.host or http.port was changed, a daemon must be restarted.',
    });
  }
  const report = await operator.reloadConfig();
  if (session.json) session.out(JSON.stringify(report, undefined, 2));
  else session.out(renderReload(report));
  for (const line of problemLines(report.file, report.warnings)) session.say(`warning: ${line}`);
  return EXIT.done;
}

async function runCheck(session: Session): Promise<ExitCode> {
  try {
    const { warnings, connections } = session.config();
    if (session.json) session.out(JSON.stringify({ ok: true, problems: [], warnings }, undefined, 2));
    else session.out(`${session.configFile}: valid, ${plural(connections.length, 'connection')}`);
    if (!session.json) for (const line of problemLines(session.configFile, warnings)) session.say(`warning: ${line}`);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof ConfigError) || !session.json) throw error;
    session.out(JSON.stringify({ ok: false, problems: error.problems, warnings: [] }, undefined, 2));
    return EXIT.config;
  }
}

async function runSchema(session: Session): Promise<ExitCode> {
  session.out(JSON.stringify(configSchema(), undefined, 2));
  return EXIT.done;
}

async function runShow(session: Session): Promise<ExitCode> {
  const file = loadFile(session.configFile, session.io.env);
  session.out(session.json ? JSON.stringify(redact(file.settings), undefined, 2) : showConfig(file).trimEnd());
  return EXIT.done;
}
