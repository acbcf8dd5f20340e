import { clearLine, cursorTo } from 'node:readline';
import type { Output } from './io.ts';
import { printable } from '../core/printable.ts';
import { clip } from './render/text.ts';

/** Shows how far something is. On a terminal one line that is rewritten; elsewhere a plain line per step. */
export interface Progress {
  /**
   * `line` is the whole state in words. `step` says when it is worth a line of its own where lines cannot be rewritten:
   * a new line is printed when the step differs from the last one.
   */
  update(line: string, step: string): void;
  /** Leaves the last state on the screen and ends the line. */
  end(): void;
}

const DEFAULT_COLUMNS = 100;

/** Names of the directory and the provider are made safe for the terminal here. */
export function createProgress(output: Output): Progress {
  const progress = output.isTTY === true ? rewritten(output) : plainLines(output);
  return { update: (line, step) => progress.update(printable(line), step), end: () => progress.end() };
}

function rewritten(output: Output): Progress {
  let shown = '';
  return {
    update(line) {
      // One column is left free: a full line makes some terminals scroll.
      const next = clip(line, (output.columns ?? DEFAULT_COLUMNS) - 1);
      if (next === shown) return;
      cursorTo(output, 0);
      output.write(next);
      clearLine(output, 1);
      shown = next;
    },
    end() {
      if (shown !== '') output.write('\n');
      shown = '';
    },
  };
}

function plainLines(output: Output): Progress {
  let last: string | undefined;
  return {
    update(line, step) {
      if (step === last) return;
      last = step;
      output.write(`${line}\n`);
    },
    end() {
      last = undefined;
    },
  };
}

const WINDOW_MS = 10_000;

/** Measures a pace over the last ten seconds. */
export interface PaceMeter {
  /** Tells how much is done at a time (ms); returns the pace in units a second, undefined while there is none. */
  add(now: number, done: number): number | undefined;
}

export function createPaceMeter(): PaceMeter {
  let samples: { readonly now: number; readonly done: number }[] = [];
  return {
    add(now, done) {
      samples = [...samples.filter((sample) => now - sample.now <= WINDOW_MS), { now, done }];
      const [first] = samples;
      if (first === undefined || now === first.now || done <= first.done) return undefined;
      return ((done - first.done) * 1000) / (now - first.now);
    },
  };
}

/** How a read goes on: since when it is under way, and at what pace, where there is one. */
export interface ReadingPace {
  readonly elapsedMs: number;
  /** In whatever is read, a second. */
  readonly perSecond?: number;
}

/** Measures reads one after the other: each `what` by itself. */
export function createReadingPace(): (now: number, what: string, done: number) => ReadingPace {
  let current: { readonly what: string; readonly since: number; readonly meter: PaceMeter } | undefined;
  return (now, what, done) => {
    if (current?.what !== what) current = { what, since: now, meter: createPaceMeter() };
    const perSecond = current.meter.add(now, done);
    return { elapsedMs: now - current.since, ...(perSecond === undefined ? {} : { perSecond }) };
  };
}

const BAR_WIDTH = 20;

/** `[#####---------------]  25 %`. */
export function bar(done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const filled = Math.floor(share * BAR_WIDTH);
  const percent = String(Math.floor(share * 100)).padStart(3);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] ${percent} %`;
}
