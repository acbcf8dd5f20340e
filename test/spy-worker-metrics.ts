import type { WorkerMetrics } from '../src/ports/metrics.ts';

export interface SpyWorkerMetrics {
  readonly metrics: WorkerMetrics;
  /** What was told, as `<what> <queue>`; numbers that depend on time are left to `waits` and `runs`. */
  readonly lines: readonly string[];
  /** Seconds of `jobStarted`, undefined where none were told. */
  readonly waits: readonly (number | undefined)[];
  readonly runs: readonly number[];
  /** Resolves once a line has been told. */
  told(line: string): Promise<void>;
}

/** Metrics of workers that remember what they are told. */
export function spyWorkerMetrics(): SpyWorkerMetrics {
  const lines: string[] = [];
  const waits: (number | undefined)[] = [];
  const runs: number[] = [];
  const waiting: (() => void)[] = [];
  const tell = (line: string): void => {
    lines.push(line);
    for (const look of waiting) look();
  };
  return {
    lines,
    waits,
    runs,
    metrics: {
      slots: (queue, total) => tell(`slots ${queue} ${total}`),
      jobStarted: (queue, waitSeconds) => {
        waits.push(waitSeconds);
        tell(`started ${queue}`);
      },
      jobEnded: (queue, seconds) => {
        runs.push(seconds);
        tell(`ended ${queue}`);
      },
      jobStalled: (queue) => tell(`stalled ${queue}`),
    },
    told: (line) =>
      new Promise((resolve) => {
        const look = () => void (lines.includes(line) && resolve());
        waiting.push(look);
        look();
      }),
  };
}
