import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { WorkerMetrics } from '../../ports/metrics.ts';

const BY_QUEUE = ['queue'] as const;

/** Registers the families of the workers of this process. A queue's series are there at 0 once a worker serves it. */
export function createWorkerFamilies(registry: Registry): WorkerMetrics {
  const { slots, wait, run, stalled } = registerFamilies([registry]);
  const busy = new Map<string, number>();
  const change = (queue: string, by: number): void => {
    const count = (busy.get(queue) ?? 0) + by;
    busy.set(queue, count);
    slots.set({ queue, state: 'busy' }, count);
  };
  return {
    slots: (queue, total) => {
      slots.set({ queue, state: 'total' }, total);
      if (busy.has(queue)) return;
      change(queue, 0);
      wait.zero({ queue });
      run.zero({ queue });
      stalled.inc({ queue }, 0);
    },
    jobStarted: (queue, waitSeconds) => {
      change(queue, 1);
      if (waitSeconds !== undefined) wait.observe({ queue }, waitSeconds);
    },
    jobEnded: (queue, seconds) => {
      change(queue, -1);
      run.observe({ queue }, seconds);
    },
    jobStalled: (queue) => stalled.inc({ queue }),
  };
}

function registerFamilies(registers: Registry[]) {
  return {
    slots: new Gauge({
      name: 'headgate_worker_slots',
      help: 'Jobs this process can run at a time (total) and runs now (busy).',
      labelNames: [...BY_QUEUE, 'state'],
      registers,
    }),
    wait: new Histogram({
      name: 'bullmq_job_wait_seconds',
      help: 'Time from when a job was due to when a worker took it; retries are left out.',
      labelNames: BY_QUEUE,
      buckets: [0.01, 0.05, 0.25, 1, 5, 15, 60, 300, 900, 3600],
      registers,
    }),
    run: new Histogram({
      name: 'bullmq_job_run_seconds',
      help: 'Time a worker spent on a job, whether it ended well or not.',
      labelNames: BY_QUEUE,
      buckets: [0.01, 0.05, 0.25, 1, 2.5, 5, 15, 60, 300, 900, 3600],
      registers,
    }),
    stalled: new Counter({
      name: 'bullmq_jobs_stalled_total',
      help: 'Jobs put back because the process that ran them fell silent.',
      labelNames: BY_QUEUE,
      registers,
    }),
  };
}
