import type { Command } from 'commander';
import { PROBE_DOMAIN } from '../../core/experiment.ts';
import { CONNECTION_ARGUMENT } from '../connection-option.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { Interrupted } from '../io.ts';
import { renderExperiment, renderExperimentPlan } from '../render/experiment.ts';
import { plural } from '../render/text.ts';
import { onRun } from '../session.ts';
import type { OpenOperator, Session, Shell } from '../session.ts';
import type { ExperimentReport } from '../../ports/experiment-desk.ts';

/** Between two requests to stop, in ms. */
const STOP_AGAIN_MS = 100;

interface Options {
  readonly execute?: boolean;
  readonly domain: string;
  readonly detailedExitcode?: boolean;
}

/** `headgate probe`: how a service provider really behaves, tried on throw-away resources; with --execute only. */
export function registerProbe(program: Command, shell: Shell): void {
  const command = program
    .command('probe')
    .description('learn how a provider really behaves, on accounts and a group made for it; --execute does it')
    .argument(...CONNECTION_ARGUMENT)
    .option('--execute', 'create them, try everything, remove them, and compare with the profile')
    .option('--domain <domain>', 'domain of their userNames, where the provider takes only known ones', PROBE_DOMAIN)
    .option('--detailed-exitcode', `end with ${EXIT.changes} when the provider differs from its profile`);
  onRun<Options>(shell, command, runProbe);
}

async function runProbe(session: Session, options: Options, [named]: readonly string[]): Promise<ExitCode> {
  const connection = session.connectionName(named);
  const opened = await session.connect();
  const { experiments } = opened.operator;
  if (options.execute !== true) {
    const plan = await experiments.plan(connection, options.domain);
    session.out(session.json ? JSON.stringify(plan, undefined, 2) : renderExperimentPlan(plan, session.paint));
    session.say('Nothing was sent. To do it, add --execute.');
    return plan.refused === undefined ? EXIT.done : EXIT.refused;
  }
  const { report, interrupted } = await execute(session, opened, connection, options.domain);
  session.out(session.json ? JSON.stringify(report, undefined, 2) : renderExperiment(report, session.paint));
  if (report.left.length > 0) session.say(`${plural(report.left.length, 'throw-away resource')} could not be removed.`);
  if (interrupted !== undefined) return interrupted.exit;
  if (report.ended !== 'complete') return EXIT.failed;
  if (report.left.length > 0) return EXIT.entryErrors;
  const differs = report.findings.some(({ verdict }) => verdict === 'differs');
  return differs && options.detailedExitcode === true ? EXIT.changes : EXIT.done;
}

/** An interruption ends the experiment where it runs, and waits for what it made to be removed. A second one does not. */
async function execute(
  session: Session,
  { operator: { experiments } }: OpenOperator,
  connection: string,
  domain: string,
): Promise<{ readonly report: ExperimentReport; readonly interrupted: Interrupted | undefined }> {
  const stop = session.io.interrupts();
  const over = new AbortController();
  const onStop = () => {
    session.say('Stopping; what was made is removed first.');
    void stopUntil(over.signal);
  };
  /** The request to begin may still be on its way, so one to stop is repeated until it found something to stop. */
  async function stopUntil(ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      // What came of it is in the report; where nobody answers, the report says so too.
      if (await experiments.stop(connection).catch(() => true)) return;
      await session.io.pause(STOP_AGAIN_MS, ended);
    }
  }
  stop.addEventListener('abort', onStop, { once: true });
  const requestedBy = session.requestedBy();
  const report = await experiments
    .run({ connection, domain, requestedBy }, new AbortController().signal)
    .finally(() => over.abort());
  const reason: unknown = stop.reason;
  return { report, interrupted: stop.aborted && reason instanceof Interrupted ? reason : undefined };
}
