import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';

interface Options {
  readonly connection?: string;
}

interface PauseOptions extends Options {
  readonly reason: string;
}

/** `headgate connection`: send nothing over a connection for a while, and let it go on. */
export function registerConnection(program: Command, shell: Shell): void {
  const connection = program.command('connection').description('act on a connection');
  onRun<PauseOptions>(
    shell,
    connection
      .command('pause')
      .description('send nothing until somebody resumes; an open cycle is given up')
      .option('-c, --connection <name>', 'connection (may be left out when there is only one)')
      .requiredOption('--reason <text>', 'why; status shows it'),
    runPause,
  );
  onRun<Options>(
    shell,
    connection
      .command('resume')
      .description('lift a pause, a quarantine, and a wait the provider asked for')
      .option('-c, --connection <name>', 'connection (may be left out when there is only one)'),
    runResume,
  );
}

async function runPause(session: Session, options: PauseOptions): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const { operator } = await session.connect();
  await operator.pauseConnection(connection, options.reason, session.requestedBy());
  if (session.json) session.out(JSON.stringify({ connection, paused: true }));
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
