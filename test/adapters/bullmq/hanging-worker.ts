import { createJobQueue } from '../../../src/adapters/bullmq/job-queue.ts';
import { createWorkers } from '../../../src/adapters/bullmq/workers.ts';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { silentLog } from '../../silent-log.ts';
import { spyWorkerMetrics } from '../../spy-worker-metrics.ts';
import { LOCK_MS, NO_DATABASE, NOTE, queueOptions } from './hanging-job.ts';

/** Takes a job that never ends, says so, and waits to be killed. Arguments: database URL or "-", Redis URL or "-". */
const [databaseUrl = '-', redisUrl = '-'] = process.argv.slice(2);
const database = databaseUrl === '-' ? NO_DATABASE : await openDatabase({ url: databaseUrl, log: silentLog });
const queue = await createJobQueue(queueOptions(database, redisUrl));
await queue.enqueue(NOTE.name, { id: 'a' });
await createWorkers({
  queue,
  definitions: [NOTE],
  ports: {
    async run() {
      // Nudged while it runs: must not be lost with the process either.
      await queue.enqueue(NOTE.name, { id: 'a' });
      process.stdout.write('running\n');
      await new Promise(() => setInterval(() => undefined, 1_000));
    },
  },
  connections: [],
  log: silentLog,
  metrics: spyWorkerMetrics().metrics,
  lockMs: LOCK_MS,
});
