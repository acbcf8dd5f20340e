import type { Link } from '../core/link.ts';
import type { Exported, Operation, SentWrite, Wave } from '../core/operation.ts';
import type { OperationFailure } from '../core/operation-failure.ts';

/** A slice as handed to a worker. Operations `inDoubt` must be settled by reading before anything is sent. */
export interface SliceWork {
  readonly id: string;
  readonly cycle: string;
  readonly connection: string;
  readonly wave: Wave;
  /** When the plan was made, ms since the epoch. */
  readonly plannedAt: number;
  /** Digest of the configuration the plan was made under. */
  readonly plannedUnder?: string;
  /** Set in a migration's own cycle, whose journal tells every request. */
  readonly ofMigration?: true;
  readonly operations: readonly {
    readonly sequence: number;
    readonly operation: Operation;
    readonly inDoubt: boolean;
    readonly attempts: number;
  }[];
}

interface OfAttempt {
  readonly sequence: number;
  /** Every write of this attempt, where the cycle is a migration's, whose journal tells them. */
  readonly sent?: readonly SentWrite[];
}

/** What became of one operation of a slice. Links follow from it in the same transaction. */
export type OperationResult = OfAttempt &
  (
    | {
        readonly state: 'exported';
        readonly exported: Exported;
        readonly durationMs: number;
        readonly link?: Link;
        /** The link leads to another account than before: what groups are remembered to hold of the old one is void. */
        readonly replaces?: boolean;
      }
    | {
        readonly state: 'escrowed';
        readonly failure: OperationFailure;
        readonly durationMs?: number;
        readonly dropLink?: boolean;
      }
    /** Back to waiting: throttled (no attempt spent), transient (attempt spent), or possibly applied. */
    | {
        readonly state: 'pending' | 'in-doubt';
        readonly notBefore?: number;
        readonly attemptSpent: boolean;
        /** What keeps this resource alone waiting: the cycle need not wait for it. */
        readonly waitsFor?: OperationFailure;
      }
  );

/** An operation a closed cycle left in doubt. */
export type LeftInDoubt = SliceWork['operations'][number] & { readonly cycle: string };

/** What reading it showed: `pending` did not take effect, and nobody sends it any more; or nothing could be told, and why. */
export type LeftResult =
  | Extract<OperationResult, { readonly state: 'exported' }>
  | { readonly sequence: number; readonly state: 'pending'; readonly attemptSpent: false }
  | { readonly sequence: number; readonly state: 'in-doubt'; readonly failure: OperationFailure };

/**
 * What is not cut although it may be sent: `refused` are pending operations that were put back with what their resource waits
 * for. One whose wait a person has ended (`connection resume`) is not passed over.
 */
export type PassedOver = 'nothing' | 'refused';

export type SliceStart =
  | { readonly state: 'started'; readonly work: SliceWork }
  /** Already recorded, or the cycle is closed: nothing to do. */
  | { readonly state: 'over' }
  /** Another worker holds it until then (ms since epoch). */
  | { readonly state: 'leased'; readonly until: number };
