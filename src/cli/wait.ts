import type { CycleView } from '../ports/operator.ts';
import { EXIT } from './exit-codes.ts';
import type { ExitCode } from './exit-codes.ts';
import { exitOfStop } from './io.ts';
import { createPatience } from './patience.ts';
import type { OpenOperator, Session } from './session.ts';
import { createPaceMeter, createProgress, createReadingPace } from './progress.ts';
import { inState } from '../core/cycle.ts';
import { cycleProgress, renderCycle } from './render/cycle.ts';
import { shownDuration } from './render/text.ts';

const POLL_MS = 500;

export interface WaitOptions {
  /** How long to wait at most, in ms; absent: until the cycle is closed. */
  readonly timeoutMs?: number;
}

/** Version line with which every stream of lines under --json begins. */
export const STREAM_VERSION = { type: 'version', schema: '1.0' } as const;

/**
 * Watches a cycle until it is closed and says how it goes on: a progress display, or lines of JSON. Returns the exit code
 * that tells how it ended. Whatever happens to this command, the cycle goes on where it is carried out.
 */
export async function waitForCycle(
  session: Session,
  { operator, daemon }: OpenOperator,
  started: CycleView,
  { timeoutMs }: WaitOptions,
): Promise<ExitCode> {
  const { io, json } = session;
  const stop = io.interrupts();
  const deadline = timeoutMs === undefined ? Infinity : io.now() + timeoutMs;
  const show = json ? jsonLines(session) : progressDisplay(session);
  let cycle = started;
  const patience = createPatience((message) => show.trouble(message));
  show.update(cycle);
  while (cycle.phase !== 'closed') {
    if (io.now() >= deadline) {
      show.end();
      session.say(`Not closed after ${shownDuration(timeoutMs ?? 0)}. ${goesOn(cycle, daemon)}`);
      return EXIT.timedOut;
    }
    await io.pause(Math.min(POLL_MS, deadline - io.now()), stop);
    if (stop.aborted) {
      show.end();
      session.say(goesOn(cycle, daemon));
      return exitOfStop(stop);
    }
    try {
      cycle = await operator.getCycle(cycle.id);
      patience.answered();
      show.update(cycle);
    } catch (error) {
      patience.bear(error);
    }
  }
  show.end();
  if (!json) session.out(renderCycle(cycle, session.paint));
  return exitOf(cycle);
}

function goesOn(cycle: CycleView, daemon: boolean): string {
  const where = daemon
    ? `Cycle ${cycle.id} goes on in the daemon.`
    : `Cycle ${cycle.id} stays open and goes on when "headgate serve" runs.`;
  return `${where} Look at it with: headgate cycle show ${cycle.id}; stop it with: headgate cycle cancel ${cycle.id}`;
}

/** How a closed cycle ended, as an exit code. Operations held by a guard count as refused: somebody has to look. */
export function exitOf(cycle: CycleView): ExitCode {
  switch (cycle.result) {
    case 'succeeded':
      return inState(cycle.counts, 'held') > 0 ? EXIT.refused : EXIT.done;
    case 'entry-level-errors':
      return EXIT.entryErrors;
    case 'held':
    case 'refused':
      return EXIT.refused;
    case 'failed':
    case 'cancelled':
    case undefined:
      return EXIT.failed;
    default:
      return cycle.result satisfies never;
  }
}

interface CycleDisplay {
  update(cycle: CycleView): void;
  trouble(message: string): void;
  end(): void;
}

function progressDisplay({ io, say }: Session): CycleDisplay {
  const progress = createProgress(io.stderr);
  const pace = createPaceMeter();
  const readingPace = createReadingPace();
  return {
    update(cycle) {
      const speed = cycle.phase === 'exporting' ? pace.add(io.now(), cycle.settled) : undefined;
      const { progress: read } = cycle;
      const reading = read === undefined ? undefined : readingPace(io.now(), read.what, read.done);
      const { line, step } = cycleProgress(cycle, speed, reading);
      progress.update(line, step);
    },
    trouble(message) {
      progress.end();
      say(message);
    },
    end: () => progress.end(),
  };
}

function jsonLines({ out, say }: Session): CycleDisplay {
  let last = '';
  out(JSON.stringify(STREAM_VERSION));
  return {
    update(cycle) {
      const line = JSON.stringify({ type: 'cycle', cycle });
      if (line !== last) out(line);
      last = line;
    },
    trouble: (message) => say(message),
    end: () => undefined,
  };
}
