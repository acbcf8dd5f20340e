import type { Job } from 'bullmq';
import type { JobDefinition, JobQueue } from '../../ports/job-queue.ts';
import type { Log } from '../../ports/log.ts';
import type { BullProcessor } from './backend.ts';
import { alarmFor } from './routes.ts';

interface ProcessorOptions<Ports> {
  readonly queue: Pick<JobQueue, 'enqueue'>;
  readonly definitions: readonly JobDefinition<object, Ports>[];
  readonly ports: Ports;
  readonly log: Log;
  /** Aborted when the process may not wait for its jobs any longer. */
  readonly signal: AbortSignal;
}

/**
 * What every worker does with a job: find its definition, read its payload, run it. A job nobody knows, or whose payload
 * cannot be read, is logged and dropped: trying again would not mend it, and what is open is nudged again from the
 * store. Any other failure is thrown on, for the queue to try again a few times.
 */
export function createProcessor<Ports>(options: ProcessorOptions<Ports>): BullProcessor {
  const definitions = new Map(options.definitions.map((definition) => [definition.name, definition]));
  return async (job) => {
    const log = options.log.child({ job: job.id, name: job.name });
    const name = alarmFor(job.name) ?? job.name;
    const definition = definitions.get(name);
    if (definition === undefined) {
      log.error({}, 'dropped a job of a kind this program does not know');
      return;
    }
    const payload = readPayload(definition, job, log);
    if (payload === undefined) return;
    try {
      if (name === job.name) await definition.run(payload, options.ports, log, options.signal);
      else await options.queue.enqueue(name, payload);
    } catch (error) {
      const last = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
      if (last) log.error({ err: error }, 'a job failed for the last time; the sweeper takes it up from the store');
      else log.warn({ err: error, attempt: job.attemptsMade + 1 }, 'a job failed and will be tried again');
      throw error;
    }
  };
}

function readPayload<Ports>(
  definition: JobDefinition<object, Ports>,
  job: Pick<Job<object>, 'data'>,
  log: Log,
): object | undefined {
  try {
    return definition.parse(job.data);
  } catch (error) {
    log.error(
      { error: error instanceof Error ? error.message : 'unknown' },
      'dropped a job with an unreadable payload',
    );
    return undefined;
  }
}
