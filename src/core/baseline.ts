import type { Assignment, Watermark } from './directory.ts';

/** Where the last committed cycle left off: what an incremental cycle compares with. */
export interface Baseline {
  readonly watermark: Watermark;
  /** Every assignment then: assignments have no delta, so they are polled and compared (Learn: delta-query-overview). */
  readonly assignments: readonly Assignment[];
  /** Digest of rules and profile: a changed configuration concerns everybody and asks for an initial cycle. */
  readonly rulesDigest: string;
}
