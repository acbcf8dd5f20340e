import type { Anchor, Assignment, Watermark } from './directory.ts';

/** Where the last committed cycle left off: what an incremental cycle compares with. */
export interface Baseline {
  readonly watermark: Watermark;
  /** Every assignment then: assignments have no delta, so they are polled and compared (Learn: delta-query-overview). */
  readonly assignments: readonly Assignment[];
  /**
   * Users the last cycle was told about, to be looked at once more: what the directory tells of and what it shows may come
   * from replicas that do not agree yet.
   */
  readonly again: readonly Anchor[];
  /** Digest of rules, profile and the provider's address: a changed configuration concerns everybody and asks for an initial cycle. */
  readonly rulesDigest: string;
}
