import type { Command } from 'commander';
import { CONNECTION_OPTION } from '../connection-option.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { renderDrift } from '../render/drift.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';

interface Options {
  readonly connection?: string;
}

/** `headgate drift`: what somebody changed at a provider by hand, as the newest audit found it. */
export function registerDrift(program: Command, shell: Shell): void {
  const drift = program.command('drift').description('see what was changed by hand at a service provider');
  onRun<Options>(
    shell,
    drift
      .command('show')
      .description('show what the last audit found, what it means, and what Headgate will do')
      .option(...CONNECTION_OPTION),
    runShow,
  );
}

async function runShow(session: Session, options: Options): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const { operator } = await session.connect();
  const report = await operator.drift(connection);
  session.out(session.json ? JSON.stringify(report, undefined, 2) : renderDrift(report, session.paint));
  return EXIT.done;
}
