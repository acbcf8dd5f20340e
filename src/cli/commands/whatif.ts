import { CONNECTION_OPTION } from '../connection-option.ts';
import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { renderWhatIf } from '../render/migration.ts';
import { onRun, type Session, type Shell } from '../session.ts';

interface Options {
  readonly connection?: string;
  readonly unassignGroup: readonly string[];
}

/** `headgate whatif`: who would lose access, who keeps it, and through what. Reads the directory only. */
export function registerWhatIf(program: Command, shell: Shell): void {
  const command = program
    .command('whatif')
    .description('say who would lose access if groups were unassigned, who keeps it, and through what')
    .requiredOption('--unassign-group <group...>', 'assigned group by name or object id')
    .option(...CONNECTION_OPTION);
  onRun<Options>(shell, command, runWhatIf);
}

async function runWhatIf(session: Session, options: Options): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const { operator } = await session.connect();
  const answer = await operator.migrations.whatIf(connection, options.unassignGroup, session.io.interrupts());
  session.out(session.json ? JSON.stringify(answer, undefined, 2) : renderWhatIf(answer, session.paint));
  return answer.unread === undefined ? EXIT.done : EXIT.refused;
}
