import type { Command } from 'commander';
import { parseDuration } from '../duration.ts';
import { CONNECTION_OPTION } from '../connection-option.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { renderSteps } from '../render/steps.ts';
import { renderOperations } from '../render/operations.ts';
import { onRun } from '../session.ts';
import type { OpenOperator, Session, Shell } from '../session.ts';
import { waitForCycle } from '../wait.ts';

interface Options {
  readonly connection?: string;
  readonly execute?: boolean;
  readonly timeout?: number;
}

/** Operations shown once they were carried out. */
const SHOWN = 50;

/** `headgate provision`: what provisioning one user or group means, step by step; with --execute it is done. */
export function registerProvision(program: Command, shell: Shell): void {
  const command = program
    .command('provision')
    .description('explain step by step what provisioning one user or group would do now; --execute does it')
    .argument('<subject>', 'userPrincipalName, group name, or object id')
    .option(...CONNECTION_OPTION)
    .option('--execute', 'carry it out, through the same guards as every cycle, and wait for the end')
    .option('--timeout <time>', 'wait at most this long, such as 90s, 15m or 2h', parseDuration);
  onRun<Options>(shell, command, runProvision);
}

async function runProvision(session: Session, options: Options, [subject = '']: readonly string[]): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const execute = options.execute === true;
  const opened = await session.connect({ work: execute });
  if (!execute || !session.json) {
    const planned = await opened.operator.planSubject(connection, subject, session.io.interrupts());
    session.out(session.json ? JSON.stringify(planned, undefined, 2) : renderSteps(planned, session.paint));
    if (!execute) {
      if (planned.plan.operations.length > 0) session.say('Nothing was changed. To carry it out, add --execute.');
      return planned.verdict.refused ? EXIT.refused : EXIT.done;
    }
  }
  return carryOut(session, opened, connection, subject, options.timeout);
}

async function carryOut(
  session: Session,
  opened: OpenOperator,
  connection: string,
  idOrName: string,
  timeoutMs: number | undefined,
): Promise<ExitCode> {
  const { operator } = opened;
  const requestedBy = session.requestedBy();
  const cycle = await operator.provision({ connection, idOrName, requestedBy, signal: session.io.interrupts() });
  const code = await waitForCycle(session, opened, cycle, timeoutMs === undefined ? {} : { timeoutMs });
  if (session.json) return code;
  const operations = await operator.operations(cycle.id, { limit: SHOWN });
  if (operations.length > 0) session.out(`\n${renderOperations(operations, session.paint)}`);
  return code;
}
