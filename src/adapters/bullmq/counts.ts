import type { QueueCounts } from '../../ports/job-queue.ts';
import type { BullQueue } from './backend.ts';
import { dueAt } from './due-time.ts';

/** What monitoring asks of one queue. `localWorkers` stands in where the backend cannot tell connections apart. */
export async function countQueue(
  queue: BullQueue,
  localWorkers: (() => number) | undefined,
  now: number,
): Promise<QueueCounts> {
  const [states, paused, workers, oldest, completed, failed] = await Promise.all([
    queue.getJobCounts(),
    queue.isPaused(),
    localWorkers === undefined ? queue.getWorkersCount() : localWorkers(),
    queue.getJobs(['waiting'], 0, 0, true),
    queue.getMetrics('completed', 0, 0),
    queue.getMetrics('failed', 0, 0),
  ]);
  const waitingSince = oldest[0] === undefined ? now : dueAt(oldest[0]);
  return {
    queue: queue.name,
    states,
    paused,
    workers,
    oldestWaitingMs: Math.max(0, now - waitingSince),
    completedTotal: completed.meta.count,
    failedTotal: failed.meta.count,
  };
}
