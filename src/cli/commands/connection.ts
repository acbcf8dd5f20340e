import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';

interface Options {
  readonly connection?: string;
}

/** `headgate connection`: lift the pause of a connection after its cause was mended. */
export function registerConnection(program: Command, shell: Shell): void {
  const connection = program.command('connection').description('act on a connection');
  onRun<Options>(
    shell,
    connection
      .command('resume')
      .description('lift the pause of a connection, after its cause (such as a refused token) was mended')
      .option('-c, --connection <name>', 'connection (may be left out when there is only one)'),
    runResume,
  );
}

async function runResume(session: Session, options: Options): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const { operator } = await session.connect();
  const resumed = await operator.resumeConnection(connection);
  if (session.json) session.out(JSON.stringify({ connection, resumed }));
  session.say(
    resumed
      ? `Connection ${connection} goes on.`
      : `Connection ${connection} was neither paused nor waiting; nothing changed.`,
  );
  return EXIT.done;
}
