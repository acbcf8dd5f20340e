import { SCHEDULED_KINDS } from '../../core/cycle.ts';
import type { ScheduledCycle } from '../../ports/job-queue.ts';
import type { BullQueue } from './backend.ts';
import { alarmName, JOB_OPTIONS } from './routes.ts';

/** Which job a schedule asks for, and with what payload. */
export interface ScheduledJob {
  readonly name: string;
  payload(schedule: Pick<ScheduledCycle, 'connection' | 'kind'>): object;
}

type Wanted = Omit<ScheduledCycle, 'nextRun'>;
type Scheduler = Awaited<ReturnType<BullQueue['getJobSchedulers']>>[number];

/** A run this much overdue with its schedule not moved on means that its job was lost. */
const LOST_AFTER_MS = 10 * 60_000;
const PAGE = 100;

function idOf({ connection, kind }: Pick<ScheduledCycle, 'connection' | 'kind'>): string {
  return `cycle-${kind}-${connection}`;
}

/** The connection and kind of a schedule by its id; undefined for a scheduler that is not ours. */
function ofId(id: string): Pick<ScheduledCycle, 'connection' | 'kind'> | undefined {
  const [, word, connection] = /^cycle-([a-z]+)-(.+)$/.exec(id) ?? [];
  const kind = SCHEDULED_KINDS.find((known) => known === word);
  return connection === undefined || kind === undefined ? undefined : { connection, kind };
}

async function allSchedulers(queue: BullQueue): Promise<readonly Scheduler[]> {
  const found: Scheduler[] = [];
  for (;;) {
    const page = await queue.getJobSchedulers(found.length, found.length + PAGE - 1, true);
    found.push(...page);
    if (page.length < PAGE) return found;
  }
}

function isCurrent(scheduler: Scheduler | undefined, wanted: Wanted, now: number): boolean {
  return (
    scheduler !== undefined &&
    scheduler.pattern === wanted.pattern &&
    scheduler.tz === wanted.timezone &&
    scheduler.next !== undefined &&
    scheduler.next > now - LOST_AFTER_MS
  );
}

/**
 * Makes the schedules of `connections` exactly these; those of other connections belong to another process and are left
 * alone. One that is as wanted is left alone, so that a run due during a restart is not
 * skipped; one whose next run was lost with the queue's data is set up again.
 */
export async function setSchedules(
  queue: BullQueue,
  connections: readonly string[],
  wanted: readonly Wanted[],
  job: ScheduledJob,
  now: number,
): Promise<void> {
  const owned = (await allSchedulers(queue)).filter(({ key }) => connections.includes(ofId(key)?.connection ?? ''));
  const present = new Map(owned.map((scheduler) => [scheduler.key, scheduler]));
  for (const schedule of wanted) {
    const id = idOf(schedule);
    const found = present.get(id);
    present.delete(id);
    if (isCurrent(found, schedule, now)) continue;
    await queue.upsertJobScheduler(
      id,
      { pattern: schedule.pattern, tz: schedule.timezone },
      { name: alarmName(job.name), data: job.payload(schedule), opts: JOB_OPTIONS },
    );
  }
  for (const id of present.keys()) await queue.removeJobScheduler(id);
}

/** The schedules as the queue knows them, with their next run. */
export async function listSchedules(queue: BullQueue): Promise<readonly ScheduledCycle[]> {
  return (await allSchedulers(queue)).flatMap((scheduler) => {
    const cycle = ofId(scheduler.key);
    if (cycle === undefined || scheduler.pattern === undefined) return [];
    const next = scheduler.next === undefined ? {} : { nextRun: scheduler.next };
    return [{ ...cycle, pattern: scheduler.pattern, timezone: scheduler.tz ?? 'UTC', ...next }];
  });
}
