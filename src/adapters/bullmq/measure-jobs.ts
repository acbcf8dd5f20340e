import { performance } from 'node:perf_hooks';
import type { WorkerMetrics } from '../../ports/metrics.ts';
import type { BullProcessor } from './backend.ts';
import { dueAt } from './due-time.ts';

/**
 * Tells how long each job waited and ran. The wait of one that was run before is not told: its retry waits on purpose,
 * and after a crash the time since it was due includes the first run.
 */
export function measureJobs(process: BullProcessor, metrics: WorkerMetrics): BullProcessor {
  return async (job, token, signal) => {
    const { queueName, attemptsStarted, processedOn } = job;
    const first = attemptsStarted <= 1 && processedOn !== undefined;
    // Clocks of two machines may differ by more than a job waits.
    metrics.jobStarted(queueName, first ? Math.max(0, processedOn - dueAt(job)) / 1000 : undefined);
    const started = performance.now();
    try {
      return await process(job, token, signal);
    } finally {
      metrics.jobEnded(queueName, (performance.now() - started) / 1000);
    }
  };
}
