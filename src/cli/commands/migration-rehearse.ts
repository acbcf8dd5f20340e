import { Option, type Command } from 'commander';
import { ASSUMPTIONS, type Assumption } from '../../core/migration/rehearsal.ts';
import type { RehearsalEvent } from '../api-client.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { createProgress, createReadingPace, type Progress, type ReadingPace } from '../progress.ts';
import { readingProgress } from '../render/cycle.ts';
import { renderRehearsal } from '../render/rehearsal.ts';
import { onRun, type Session, type Shell } from '../session.ts';
import { askOf, askWords, withAsk, type AskOptions } from './migration-ask.ts';

interface RehearseOptions extends AskOptions {
  readonly assume?: readonly Assumption[];
  readonly all?: boolean;
}

const SHOWN = 40;

/** `headgate migration rehearse`: the whole migration on a copy, and what it would do to each person. */
export function registerRehearse(migration: Command, shell: Shell): void {
  onRun<RehearseOptions>(
    shell,
    withAsk(migration.command('rehearse'))
      .description('carry it out on a copy of what is really there, and show what becomes of whom; nothing is written')
      .addOption(new Option('--assume <behaviour...>', 'what the provider may do besides').choices(ASSUMPTIONS))
      .option('--all', `show everybody, also those nothing changes for, and every request, not the first ${SHOWN}`),
    runRehearse,
  );
}

async function runRehearse(session: Session, options: RehearseOptions, [name]: readonly string[]): Promise<ExitCode> {
  const ask = { ...askOf(session, options, name), assume: options.assume ?? [] };
  const { operator } = await session.connect();
  const progress = createProgress(session.io.stderr);
  const pace = createReadingPace();
  const show = (event: RehearsalEvent) => {
    if (session.json) session.out(JSON.stringify(event));
    else if (event.type === 'progress') showProgress(progress, event, pace(session.io.now(), event.what, event.done));
  };
  const rehearsal = await operator.migrations
    .rehearse(ask, show, session.io.interrupts())
    .finally(() => progress.end());
  if (!session.json) {
    session.out(renderRehearsal(rehearsal, session.paint, options.all === true ? Infinity : SHOWN));
    if (rehearsal.safe) session.out(`Next, in earnest: headgate migration start ${askWords(ask)}`);
  }
  return rehearsal.safe ? EXIT.done : EXIT.refused;
}

/** On the copy, `done` counts the steps of the migration; before that it counts what was read. */
function showProgress(
  progress: Progress,
  event: Extract<RehearsalEvent, { type: 'progress' }>,
  pace: ReadingPace,
): void {
  const on = /^rehearsal: (.*)$/s.exec(event.what)?.[1];
  if (on === undefined) {
    const { line, step } = readingProgress(event, pace);
    progress.update(line, step);
    return;
  }
  const { done, total } = event;
  const step = total === undefined ? '' : `, step ${Math.min(done + 1, total)} of ${total}`;
  const line = `rehearsal${step}: ${on}`;
  progress.update(line, line);
}
