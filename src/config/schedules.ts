import { SCHEDULED_KINDS } from '../core/cycle.ts';
import type { ScheduledCycle } from '../ports/job-queue.ts';
import type { Config } from './config.ts';

/** The cycles the configuration asks for on schedule. */
export function schedulesOf(config: Config): readonly Omit<ScheduledCycle, 'nextRun'>[] {
  return config.connections.flatMap(({ name, schedule }) => {
    const patterns = { initial: schedule.full, incremental: schedule.incremental, audit: schedule.audit };
    return SCHEDULED_KINDS.flatMap((kind) => {
      const pattern = patterns[kind];
      return pattern === undefined ? [] : [{ connection: name, kind, pattern, timezone: schedule.timezone }];
    });
  });
}
