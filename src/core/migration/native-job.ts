/** One execution of Entra's own provisioning job (Graph: synchronizationTaskExecution). Times in ms since the epoch. */
export interface NativeExecution {
  readonly id: string;
  readonly state: 'Succeeded' | 'Failed' | 'EntryLevelErrors';
  readonly began: number;
  readonly ended: number;
  readonly escrowed: number;
}

/** Entra's own provisioning job as Graph shows it (synchronizationJob). */
export interface NativeJob {
  readonly id: string;
  /** synchronizationStatusCode; another word means that it is not known to run. */
  readonly code: string;
  readonly last?: NativeExecution;
  readonly lastSuccessful?: NativeExecution;
  /** Why it is in quarantine. */
  readonly quarantine?: string;
  /** Accidental-deletions threshold: users and groups it may remove at once. Absent: not set, or not shown. */
  readonly deleteThreshold?: number;
}

export type CycleWait =
  | { readonly is: 'done'; readonly execution: NativeExecution }
  | { readonly is: 'waiting'; readonly text: string }
  | { readonly is: 'stop'; readonly why: string };

/** What a person had before them who said that it is to go on: that alone stops it no more. */
export interface LookedAt {
  readonly executions: ReadonlySet<string>;
  /** Ms since the epoch. */
  readonly at: number;
}

/** Nobody has looked. */
export const NOT_LOOKED: LookedAt = { executions: new Set(), at: 0 };

/** The clocks of Entra and of this machine may differ so much. */
const SKEW_MS = 300_000;
/** Entra's job runs about every forty minutes; a long first cycle of a large company takes hours. */
export const LONGEST_WAIT_MS = 24 * 3_600_000;

/** In place of a code of Entra's: the application has no such job any more. */
export const GONE = 'gone';

/** Whether no cycle of it begins: paused, or never set up, which cannot be paused either. */
export function standsStill({ code }: Pick<NativeJob, 'code'>): boolean {
  return code === 'Paused' || code === 'NotConfigured';
}

/** A job in words, for the journal. */
export function describeJob({ code, lastSuccessful, quarantine }: NativeJob): string {
  if (code === GONE) return GONE;
  const last =
    lastSuccessful === undefined
      ? 'no whole cycle yet'
      : `last whole cycle from ${new Date(lastSuccessful.began).toISOString()} to ${new Date(lastSuccessful.ended).toISOString()}`;
  return `${code}${quarantine === undefined ? '' : ` (${quarantine})`}, ${last}`;
}

/** Why a job cannot be waited for; undefined when it goes its way. */
export function jobTrouble({ code, quarantine }: NativeJob): string | undefined {
  if (code === 'Active') return undefined;
  if (code === 'Quarantine' && quarantine === 'TooManyDeletes')
    return "Entra's own provisioning is in quarantine (TooManyDeletes): it would remove more than its accidental-deletions threshold allows. See in its provisioning logs whom (staged deletes). Allow the deletes there only where they are all meant; else give those people a direct assignment, and restart provisioning";
  if (code === 'Quarantine')
    return `Entra's own provisioning is in quarantine (${quarantine ?? 'no reason given'}): mend the cause and restart it there`;
  return `Entra's own provisioning does not run (${code}): start it (Provisioning, Start provisioning)`;
}

/**
 * Whether a whole cycle of Entra's job lies entirely after the last change. `seen` are the states of the job observed since
 * that change, oldest first, `since` is when the observing began. The first success that ended after the first look may have
 * begun before the change; it counts only when its own clock says otherwise with a margin. The one after that surely counts,
 * because cycles run one after the other. One that ended before the first look proves nothing, also when a replica that
 * lagged behind had not shown it then; and of a job that was replaced only what the new one has done counts.
 * One that left something in escrow does not count either, and a later one that did not does. What a person has looked at is
 * waited out.
 */
export function wholeCycleSince(
  seen: readonly NativeJob[],
  since: number,
  now: number,
  looked: LookedAt = NOT_LOOKED,
): CycleWait {
  const latest = seen.at(-1);
  if (latest === undefined) return { is: 'waiting', text: 'nothing is known of the job yet' };
  const same = seen.slice(seen.findLastIndex(({ id }) => id !== latest.id) + 1);
  const [baseline] = same;
  const fresh = new Map<string, NativeExecution>();
  for (const { lastSuccessful } of same)
    if (lastSuccessful !== undefined && lastSuccessful.id !== baseline?.lastSuccessful?.id)
      if (lastSuccessful.ended >= since) fresh.set(lastSuccessful.id, lastSuccessful);
  const all = [...fresh.values()];
  const [first] = all;
  const after = all.filter(
    ({ began }, index) => began > since + SKEW_MS || (index > 0 && began >= (first?.ended ?? 0)),
  );
  const whole = after.find(({ escrowed }) => escrowed === 0);
  if (whole !== undefined) return { is: 'done', execution: whole };
  const left = after.at(-1);
  if (left !== undefined && !looked.executions.has(left.id))
    return {
      is: 'stop',
      why: `Entra's cycle left ${left.escrowed} objects in escrow: mend what its provisioning logs name, then resume; a later cycle that leaves none counts`,
    };
  const trouble = jobTrouble(latest);
  if (trouble !== undefined) return { is: 'stop', why: trouble };
  const { last } = latest;
  if (
    last !== undefined &&
    last.state !== 'Succeeded' &&
    last.id !== baseline?.last?.id &&
    !looked.executions.has(last.id)
  )
    return {
      is: 'stop',
      why: `the last cycle of Entra's provisioning ended as ${last.state} with ${last.escrowed} objects in escrow: mend what its provisioning logs name, then resume`,
    };
  if (now - Math.max(since, looked.at) > LONGEST_WAIT_MS)
    return {
      is: 'stop',
      why: "Entra's own provisioning has not gone through a whole cycle for a day: see there what it does, then resume to wait for another",
    };
  return {
    is: 'waiting',
    text: all.length === 0 ? "waits for a whole cycle of Entra's provisioning" : 'waits for one more cycle, to be sure',
  };
}
