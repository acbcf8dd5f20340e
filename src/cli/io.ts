import type { Environment } from '../config/interpolate.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** A stream the command writes to. `isTTY` decides about colour and moving lines, for each stream by itself. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** The world around a command: streams, environment, time and signals. Data goes to `stdout`, talk to `stderr`. */
export interface CliIo {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
  /** Ms since the epoch. */
  now(): number;
  /** Resolves after `ms`, or at once when the signal aborts; never rejects. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  /** A secret: all of standard input, or, where that is a terminal, what is typed without being shown. */
  readSecret(prompt: string): Promise<string>;
  /**
   * From now on SIGINT and SIGTERM abort this signal instead of ending the process; a second one ends it. Only commands
   * that have something to say or to let go of ask for it.
   */
  interrupts(): AbortSignal;
  /** Aborts when nobody reads `stdout` any more, as in `headgate log --follow | head`; what is written then is lost in silence. */
  readonly unread: AbortSignal;
}

/** Why a signal of `interrupts` was aborted. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly signal: 'SIGINT' | 'SIGTERM';
  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(signal === 'SIGINT' ? 'interrupted' : 'terminated');
    this.signal = signal;
  }

  /** What a shell is told of it. */
  get exit(): ExitCode {
    return this.signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
  }
}

/** The exit code of a command that was stopped by this signal of `interrupts`. */
export function exitOfStop({ reason }: AbortSignal): ExitCode {
  return reason instanceof Interrupted ? reason.exit : EXIT.interrupted;
}

/** The command was given something it cannot work with. Exit code 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
