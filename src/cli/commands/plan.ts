import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { StartupError } from '../../core/errors.ts';
import { heldOperations } from '../../core/guards.ts';
import type { PlanEvent } from '../api-client.ts';
import type { MadePlan } from '../../ports/operator.ts';
import { CONNECTION_OPTION } from '../connection-option.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { planDocument } from '../plan-file.ts';
import { createProgress, createReadingPace } from '../progress.ts';
import { readingProgress } from '../render/cycle.ts';
import { renderPlan, SHOWN_OPERATIONS } from '../render/plan.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';

interface Options {
  readonly connection?: string;
  readonly out?: string;
  readonly detailedExitcode?: boolean;
  readonly all?: boolean;
}

/** `headgate plan`: what a full cycle would do, with reasons. Writes nothing anywhere. */
export function registerPlan(program: Command, shell: Shell): void {
  const command = program
    .command('plan')
    .description('show what a full cycle would do, and why; nothing is written')
    .option(...CONNECTION_OPTION)
    .option('-o, --out <file>', 'write the plan to a file for "headgate apply" (holds personal data, mode 0600)')
    .option('--detailed-exitcode', 'end with 2 when the plan holds changes')
    .option('--all', `show every operation, not the first ${SHOWN_OPERATIONS} of each wave`);
  onRun<Options>(shell, command, runPlan);
}

async function runPlan(session: Session, options: Options): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const { operator } = await session.connect();
  const stop = session.io.interrupts();
  const progress = createProgress(session.io.stderr);
  const view = await operator.plan(connection, eventDisplay(session, progress), stop).finally(() => progress.end());
  if (!session.json) {
    session.out(renderPlan(view, session.paint, options.all === true ? Infinity : SHOWN_OPERATIONS));
  }
  if (options.out !== undefined) await savePlan(session, options.out, view);
  if (view.verdict.refused || heldOperations(view.verdict).size > 0) return EXIT.refused;
  return options.detailedExitcode === true && view.plan.operations.length > 0 ? EXIT.changes : EXIT.done;
}

function eventDisplay(session: Session, progress: ReturnType<typeof createProgress>): (event: PlanEvent) => void {
  const pace = createReadingPace();
  return (event) => {
    if (session.json) session.out(JSON.stringify(event));
    else if (event.type === 'progress') {
      const { line, step } = readingProgress(event, pace(session.io.now(), event.what, event.done));
      progress.update(line, step);
    }
  };
}

async function savePlan(session: Session, file: string, view: MadePlan): Promise<void> {
  try {
    // A file that exists keeps its mode, so it is created anew.
    await writeFile(file, `${JSON.stringify(planDocument(view))}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw cannotWrite(file, error);
  }
  session.say(`Plan written to ${file}. It names people and their attributes: keep it as you keep the directory.`);
  session.say(`Carry out exactly this plan with: headgate apply ${file}`);
}

function cannotWrite(file: string, error: unknown): StartupError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  const remedy =
    code === 'EEXIST' ? 'choose another name, or remove the old plan first' : 'choose a place you may write to';
  return new StartupError(`the plan cannot be written to ${file} (${code})`, { remedy, cause: error });
}
