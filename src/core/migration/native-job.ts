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
 * One that left something in escrow does not count either, and a later one that did not does.
 */
export function wholeCycleSince(seen: readonly NativeJob[], since: number, now: number): CycleWait {
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
  const escrowed = after.at(-1)?.escrowed;
  if (escrowed !== undefined)
    return {
      is: 'stop',
      why: `Entra's cycle left ${escrowed} objects in escrow: see its provisioning logs, and resume once a later cycle has left none`,
    };
  const trouble = jobTrouble(latest);
  if (trouble !== undefined) return { is: 'stop', why: trouble };
  const { last } = latest;
  if (last !== undefined && last.state !== 'Succeeded' && last.id !== baseline?.last?.id)
    return {
      is: 'stop',
      why: `the last cycle of Entra's provisioning ended as ${last.state} with ${last.escrowed} objects in escrow: mend what its provisioning logs name, and resume once a later cycle has succeeded`,
    };
  if (now - since > LONGEST_WAIT_MS)
    return {
      is: 'stop',
      why: "Entra's own provisioning has not gone through a whole cycle for a day: see there what it does, and resume once it has",
    };
  return {
    is: 'waiting',
    text: all.length === 0 ? "waits for a whole cycle of Entra's provisioning" : 'waits for one more cycle, to be sure',
  };
}
