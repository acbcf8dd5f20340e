/** Guards run in this order; the names are what an operator sees and what a configuration or approval refers to. */
export const GUARDS = [
  'incomplete-read',
  'empty-directory',
  'native-job-active',
  'migration',
  'matching-collision',
  'token-owner',
  'protected-accounts',
  'shared-account',
  'too-many-removals',
  'group-cliff',
  'non-empty-group-delete',
] as const;
export type GuardName = (typeof GUARDS)[number];

/**
 * Guards a person may decide about: what they hold may be approved, and a configuration may switch them off. The others
 * say that something is not known or never meant, and no approval makes it known.
 */
export const DECIDABLE_GUARDS = [
  'native-job-active',
  'shared-account',
  'too-many-removals',
  'group-cliff',
  'non-empty-group-delete',
] as const satisfies readonly GuardName[];
export type DecidableGuard = (typeof DECIDABLE_GUARDS)[number];

/** Whether what a guard holds may be approved. */
export function isDecidable(guard: GuardName): guard is DecidableGuard {
  return DECIDABLE_GUARDS.some((name) => name === guard);
}

/** Whether a person may decide about what a finding holds, and nobody has. */
export function isUndecided({ effect, guard, approved }: Pick<Finding, 'effect' | 'guard' | 'approved'>): boolean {
  return effect === 'hold' && approved === undefined && isDecidable(guard);
}

/** The approval that lets through what a guard holds. */
export interface Approved {
  readonly hold: string;
  readonly by: string;
  /** Ms since the epoch. */
  readonly until: number;
}

/** What one guard says about a plan, with its numbers. */
export interface Finding {
  readonly guard: GuardName;
  /** `refuse` stops the whole plan; `hold` puts the named operations aside until a person decides; the rest goes on. `warn` stops nothing. */
  readonly effect: 'refuse' | 'hold' | 'warn';
  readonly message: string;
  readonly remedy: string;
  /** Keys of the operations held; empty when the plan is refused. */
  readonly operations: readonly string[];
  readonly numbers: Readonly<Record<string, number>>;
  /** Set when a person approved exactly this: the operations go, unless another guard holds them. */
  readonly approved?: Approved;
}

/** The guards' answer to a plan. Allowed when there are no findings but warnings. A refused guard is a value, not an exception. */
export interface Verdict {
  readonly refused: boolean;
  readonly findings: readonly Finding[];
  /** Guards the configuration switched off: they did not look. Absent in verdicts of older versions. */
  readonly off?: readonly GuardName[];
}
