import type { Link } from '../core/link.ts';
import type { VanishedLinks } from '../core/vanished.ts';

/** One page of links that are not known to be deleted, accounts before groups, each kind by anchor. */
export interface LinkPage {
  readonly links: readonly Pick<Link, 'resource' | 'anchor' | 'resourceId' | 'state' | 'label' | 'origin'>[];
  /** Where the next page begins, as `after` takes it; absent on the last one. */
  readonly next?: string;
}

/** A person's decision to forget what is gone, and about what: the digest, or at least its first eight digits, they saw. */
export interface ForgetVanished {
  readonly connection: string;
  readonly digest: string;
  readonly by: string;
  readonly reason: string;
}

/** What people may ask and decide about the links of a connection. RefusedError('not-found') for unknown connections. */
export interface LinkDesk {
  list(connection: string, page: { readonly after?: string; readonly limit: number }): Promise<LinkPage>;
  /**
   * Which linked accounts and SCIM groups the provider does not have any more, by reading it as a cycle does. RefusedError
   * while a cycle or a migration is open and once the connection was switched off; IncompleteReadError, with what was found,
   * when one of them could not be asked.
   */
  vanished(connection: string, signal: AbortSignal): Promise<VanishedLinks>;
  /**
   * Reads again and forgets exactly these, with the baseline: the next cycle looks at everything. RefusedError as above and
   * when what is found is not what was decided about.
   */
  forgetVanished(decision: ForgetVanished, signal: AbortSignal): Promise<VanishedLinks>;
}
