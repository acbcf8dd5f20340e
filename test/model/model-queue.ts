import type { Ports } from '../../src/ports/index.ts';
import type { JobDefinition, JobQueue } from '../../src/ports/job-queue.ts';
import { JOBS } from '../../jobs/index.ts';

export interface WaitingJob {
  readonly definition: JobDefinition<object, Ports>;
  readonly payload: object;
  readonly key: string;
  readonly dueAt: number;
}

/** A queue in memory that loses, doubles and delays nothing by itself: whoever picks from it does. */
export class ModelQueue {
  readonly waiting: WaitingJob[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  open(): JobQueue {
    return {
      enqueue: async (name, payload, options) => {
        const definition = JOBS.find((job) => job.name === name);
        if (definition === undefined) throw new Error(`no job is named ${name}`);
        const parsed = definition.parse(payload);
        const key = definition.dedupe(parsed);
        if (this.waiting.some((job) => job.key === key)) return;
        this.waiting.push({ definition, payload: parsed, key, dueAt: this.#now() + (options?.delayMs ?? 0) });
      },
      setSchedules: async () => undefined,
      listSchedules: async () => [],
      counts: async () => [],
      ping: async () => undefined,
    };
  }

  due(): readonly WaitingJob[] {
    return this.waiting.filter(({ dueAt }) => dueAt <= this.#now());
  }

  take(job: WaitingJob): void {
    const index = this.waiting.indexOf(job);
    if (index >= 0) this.waiting.splice(index, 1);
  }
}
