import type { Ports } from '../src/ports/index.ts';
import type { JobDefinition } from '../src/ports/job-queue.ts';
import { advanceCycle } from './advance-cycle.ts';
import { advanceMigration } from './advance-migration.ts';
import { deliverNotifications } from './deliver-notifications.ts';
import { exportSlice } from './export-slice.ts';
import { probeConnection } from './probe-connection.ts';
import { startCycle } from './start-cycle.ts';

/** Every job there is. */
export const JOBS: readonly JobDefinition<object, Ports>[] = [
  startCycle,
  advanceCycle,
  exportSlice,
  probeConnection,
  advanceMigration,
  deliverNotifications,
];
