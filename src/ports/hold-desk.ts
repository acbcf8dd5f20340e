import type { HoldHistory, HoldRecord } from './hold-store.ts';
import type { OperationRecord } from './stores.ts';

/** A hold as a person sees it: an approval that has expired shows as waiting again. */
export interface HoldView extends HoldRecord {
  /** Whether an approval can let it through; else only mending its cause does. */
  readonly approvable: boolean;
}

export interface HoldDetail {
  readonly hold: HoldView;
  readonly history: readonly HoldHistory[];
  /** What the guard held in the newest plan, the first of them. */
  readonly held: readonly OperationRecord[];
}

/** What a person decides, and about what: the digest, or at least its first eight digits, they saw. */
export interface HoldDecision {
  readonly digest: string;
  readonly by: string;
  readonly reason: string;
}

/** What people may ask and decide about holds. RefusedError says why something cannot be decided. */
export interface HoldDesk {
  list(filter: {
    readonly connection?: string;
    readonly ended: boolean;
    readonly limit: number;
  }): Promise<readonly HoldView[]>;
  show(id: string, limit: number): Promise<HoldDetail>;
  /** From the next cycle on exactly what is held now may go, until the approval expires. */
  approve(id: string, decision: HoldDecision): Promise<HoldView>;
  /** What is held stays held and says so; an approval given before is taken back. */
  reject(id: string, decision: HoldDecision): Promise<HoldView>;
}
