import type { Anchor, Assignment, EnterpriseApplication, Watermark } from './directory.ts';
import { digestOf } from './plan.ts';

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
  /** Digest of the application's roles: one that is renamed or switched off concerns whoever has it. Absent in baselines of older versions. */
  readonly roles?: string;
}

/** Names the roles of an application, in whichever order they were read. */
export function rolesDigest({ roles }: EnterpriseApplication): string {
  return digestOf(roles.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
}

/** Whether roles of the application are not what they were: no change the directory tells of names whom that concerns. */
export function rolesChanged({ roles }: Baseline, application: EnterpriseApplication): boolean {
  return roles !== undefined && roles !== rolesDigest(application);
}
