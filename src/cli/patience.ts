import { TransientError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import { ApiError } from './api-client.ts';

/**
 * Why an answer did not come, where asking again may help: the daemon is being restarted, or what it stands on is away for
 * a while. Undefined for any other failure.
 */
export function passingTrouble(error: unknown): string | undefined {
  if (error instanceof TransientError) return 'the daemon does not answer';
  return error instanceof ApiError && error.code === 'remote-unavailable' ? error.message : undefined;
}

/** Sits out the silence of a daemon that is being restarted. */
export interface Patience {
  /** An answer came. True when it ends a silence. */
  answered(): boolean;
  /** No answer came: says so the first time. Throws the error where asking again cannot help, or was tried enough. */
  bear(error: unknown): void;
}

/** Questions without an answer after which waiting is given up: long enough for a daemon to be restarted. */
const MOST_QUESTIONS = 60;

/**
 * Patience for `most` questions in a row without an answer. `tell` is told when the silence begins.
 * Whatever is watched is in the store and goes on without being watched.
 */
export function createPatience(tell: (message: string) => void, most = MOST_QUESTIONS): Patience {
  let silent = 0;
  return {
    answered() {
      const endsSilence = silent > 0;
      silent = 0;
      return endsSilence;
    },
    bear(error) {
      silent += 1;
      const trouble = passingTrouble(error);
      if (trouble === undefined || silent > most) throw error;
      if (silent === 1) tell(`${printable(trouble)}; asking again`);
    },
  };
}
