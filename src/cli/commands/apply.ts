import { shortDigest } from '../../core/plan.ts';
import type { Command } from 'commander';
import { parseDuration } from '../duration.ts';
import type { ExitCode } from '../exit-codes.ts';
import { readPlanFile } from '../plan-file.ts';
import { plural } from '../render/text.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';
import { startCycle } from '../start-cycle.ts';

interface Options {
  readonly wait: boolean;
  readonly timeout?: number;
}

/** `headgate apply`: carries out exactly the plan that was reviewed. Refused when the world has moved since. */
export function registerApply(program: Command, shell: Shell): void {
  const command = program
    .command('apply')
    .description('carry out exactly a saved plan; refused (exit code 3) when it is stale')
    .argument('<plan>', 'file written by "headgate plan --out"')
    .option('--wait', 'wait until the cycle is closed', true)
    .option('--no-wait', 'only start the cycle')
    .option('--timeout <time>', 'wait at most this long, such as 90s, 15m or 2h', parseDuration);
  onRun<Options>(shell, command, runApply);
}

async function runApply(session: Session, options: Options, [file]: readonly string[]): Promise<ExitCode> {
  const saved = await readPlanFile(file ?? '');
  const connection = session.connectionName(saved.connection);
  if (!session.json)
    session.say(`Carrying out ${plural(saved.operations, 'operation')} of plan ${shortDigest(saved.digest)}…`);
  return startCycle(
    session,
    { connection, kind: saved.kind, expectedDigest: saved.digest },
    { wait: options.wait, ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }) },
  );
}
