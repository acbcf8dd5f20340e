/** Guards run in this order; the names are what an operator sees and what a configuration or approval refers to. */
export const GUARDS = [
  'incomplete-read',
  'empty-directory',
  'matching-collision',
  'token-owner',
  'protected-accounts',
  'too-many-removals',
] as const;
export type GuardName = (typeof GUARDS)[number];

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
}

/** The guards' answer to a plan. Allowed when there are no findings but warnings. A refused guard is a value, not an exception. */
export interface Verdict {
  readonly refused: boolean;
  readonly findings: readonly Finding[];
}
