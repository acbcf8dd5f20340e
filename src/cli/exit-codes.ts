/** What the number a command ends with means. Scripts rely on it. */
export const EXIT = {
  done: 0,
  failed: 1,
  changes: 2,
  refused: 3,
  entryErrors: 4,
  timedOut: 5,
  usage: 64,
  config: 78,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The table of `headgate --help`. Codes 64 and 78 are those of sysexits.h, 130 and 143 those of a shell. */
export const EXIT_CODES: readonly (readonly [code: ExitCode, meaning: string])[] = [
  [EXIT.done, 'done; or a plan without changes'],
  [EXIT.failed, 'failed'],
  [EXIT.changes, 'the plan holds changes (only with --detailed-exitcode)'],
  [
    EXIT.refused,
    'refused or held by a guard, a gate or rotation that waits, a stale plan, a paused connection, an open cycle',
  ],
  [EXIT.entryErrors, 'the cycle finished, but some operations failed'],
  [EXIT.timedOut, '--timeout is over; the work goes on in the daemon'],
  [EXIT.usage, 'the command was not understood'],
  [EXIT.config, 'the configuration is not valid'],
  [EXIT.interrupted, 'interrupted (Ctrl-C)'],
  [EXIT.terminated, 'terminated (SIGTERM)'],
];
