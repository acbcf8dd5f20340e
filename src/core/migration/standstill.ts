import type { MigrationStep } from './migration.ts';
import { GONE, LONGEST_WAIT_MS, type NativeExecution, type NativeJob } from './native-job.ts';
import type { MigrationState } from './state.ts';

/** What the steps have seen of Entra's own job. */
type SeenJobs = Readonly<Partial<Record<MigrationStep, readonly NativeJob[]>>>;

/**
 * In how many ms a cycle that was under way when the job was paused should be over: Graph does not tell of it before it has
 * ended, and it may take as long as those seen. `since` is when the job was first seen paused.
 */
export function restOf(seen: readonly NativeJob[], since: number, now: number): number {
  const longest = Math.max(0, ...seen.flatMap(({ last }) => (last === undefined ? [] : last.ended - last.began)));
  return Math.max(0, since + Math.min(longest, LONGEST_WAIT_MS) - now);
}

/** Why nobody can answer for the accounts any more although the last look at them was a good one. */
export type AfterLook =
  | { readonly is: 'ran'; readonly execution: NativeExecution }
  /** The job is gone, and with it what would tell whether it has run. */
  | { readonly is: 'gone' };

/** What became of Entra's own job after the last look at the accounts, before which it stood still; undefined when nothing did. */
export function sinceStandstill(seen: SeenJobs): AfterLook | undefined {
  const later = seen['revoke-token'] ?? [];
  // A migration that an older version brought to the gate has not noted how the job stood still.
  const still = seen['disable-connection']?.at(-1) ?? later[0];
  // A replica that lags behind shows a cycle from before: that one is no news.
  const isNews = ({ id, ended }: NativeExecution) => id !== still?.last?.id && ended >= (still?.last?.ended ?? 0);
  const execution = later.flatMap(({ last }) => last ?? []).find(isNews);
  if (execution !== undefined) return { is: 'ran', execution };
  return later.some(({ code }) => code === GONE) ? { is: 'gone' } : undefined;
}

/** The same in words; they say what is, and who can tell more. */
export function afterLookText(after: AfterLook): string {
  const what =
    after.is === 'ran'
      ? `Entra's own provisioning has run since the last look at the accounts (cycle ${after.execution.id}, ended ${new Date(after.execution.ended).toISOString()})`
      : "Entra's own provisioning job is gone, and whether it has run since the last look at the accounts is not known";
  return `${what}: they were not looked at again, see at the provider who is active`;
}

/** Where in Entra a person starts the job again. */
export function startPlace(before: MigrationState['before']): string {
  const name = before?.application.displayName ?? 'the application';
  return `Enterprise applications, ${name}, Provisioning, Start provisioning`;
}

/** What a person has to know of a migration that has told Entra's own job to pause, whatever came of that. Nothing where it has not. */
export function pausedWords({ before, made }: Pick<MigrationState, 'before' | 'made'>): readonly string[] {
  return made.some(({ change }) => change?.kind === 'pause-job')
    ? [`Entra's own provisioning was told to pause, and only a person starts it again: in Entra, ${startPlace(before)}`]
    : [];
}

/** Whether a migration has paused Entra's own job, or found it paused, to switch the connection off: nobody should start it. */
export function standsStillForMigration({
  mode,
  carriedOut,
  nativeJobs,
}: Pick<MigrationState, 'mode' | 'carriedOut' | 'nativeJobs'>): boolean {
  const step = 'disable-connection';
  return mode === 'forward' && (carriedOut[step] !== undefined || nativeJobs[step] !== undefined);
}
