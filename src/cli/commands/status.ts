import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { renderStatus } from '../render/status.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';

/** `headgate status`: connections, their last cycles, and the queues. */
export function registerStatus(program: Command, shell: Shell): void {
  onRun(shell, program.command('status').description('show connections, their cycles and the queues'), runStatus);
}

async function runStatus(session: Session): Promise<ExitCode> {
  const { operator, daemon } = await session.connect();
  const status = await operator.status();
  session.out(
    session.json ? JSON.stringify({ daemon, ...status }, undefined, 2) : renderStatus(status, daemon, session.paint),
  );
  return EXIT.done;
}
