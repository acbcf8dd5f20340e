import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { problemLines } from '../failure.ts';
import { createProgress } from '../progress.ts';
import { readingProgress } from '../render/cycle.ts';
import { renderChecks } from '../render/status.ts';
import { plural } from '../render/text.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';
import { daemonUrl } from '../transport.ts';

/** `headgate doctor`: tries everything Headgate depends on, changes nothing, and says how to mend what fails. */
export function registerDoctor(program: Command, shell: Shell): void {
  const command = program
    .command('doctor')
    .description('check configuration, credentials, permissions, database and queue; changes nothing');
  onRun(shell, command, runDoctor);
}

/** Whoever does not answer is asked for half a minute: somebody who watches must see what is waited for. */
async function tellingWait<T>(session: Session, ask: () => Promise<T>): Promise<T> {
  const { io } = session;
  const progress = createProgress(io.stderr);
  const began = io.now();
  const tell = () => {
    const what = 'what the directory and the service providers answer';
    const { line, step } = readingProgress({ what, done: 0 }, { elapsedMs: io.now() - began });
    progress.update(line, step);
  };
  tell();
  const timer = setInterval(tell, 1000);
  try {
    return await ask();
  } finally {
    clearInterval(timer);
    progress.end();
  }
}

async function runDoctor(session: Session): Promise<ExitCode> {
  const config = session.config();
  const { operator, daemon } = await session.connect();
  const own = [
    {
      area: 'configuration',
      name: session.configFile,
      ok: true,
      detail: config.warnings.length === 0 ? 'valid' : `valid, ${plural(config.warnings.length, 'warning')}`,
    },
    {
      area: 'daemon',
      name: daemonUrl(config.http),
      ok: true,
      detail: daemon ? 'answers; the checks below were made by it' : 'does not run; the checks below were made here',
    },
  ];
  const checks = [...own, ...(await tellingWait(session, () => operator.doctor(session.io.interrupts())))];
  if (session.json) session.out(JSON.stringify(checks, undefined, 2));
  else session.out(renderChecks(checks, session.paint));
  for (const line of problemLines(session.configFile, config.warnings)) session.say(`warning: ${line}`);
  const failed = checks.filter((check) => !check.ok).length;
  if (failed > 0) session.say(`${plural(failed, 'check')} failed.`);
  return failed > 0 ? EXIT.failed : EXIT.done;
}
