import type { Link } from './link.ts';
import { digestOf } from './plan.ts';
import { providerOrigin } from './provider-origin.ts';

/** A link whose account or SCIM group the service provider does not have any more, or has given to somebody else. */
export interface VanishedLink extends Pick<Link, 'resource' | 'anchor' | 'resourceId' | 'state' | 'label' | 'origin'> {
  /** Whether its user, or directory group, is in scope: then the next cycle matches it or makes it anew. */
  readonly inScope: boolean;
  /** Whose it is by now, in words; absent where it is gone. */
  readonly whose?: string;
}

/** How many accounts and SCIM groups. */
export interface ResourceCounts {
  readonly accounts: number;
  readonly groups: number;
}

/** What a connection is linked to, beside what its service provider has. */
export interface VanishedLinks {
  readonly connection: string;
  /** Scheme, host and port of what was asked. */
  readonly target: string;
  /** What is linked and not known to be deleted. */
  readonly linked: ResourceCounts;
  /** What the provider listed, linked or not. */
  readonly listed: ResourceCounts;
  /** Sorted by kind and anchor. */
  readonly gone: readonly VanishedLink[];
  /** Over where was asked and what is gone: a decision about it is about exactly that. */
  readonly digest: string;
}

/** How many of these are accounts, how many SCIM groups. */
export function countResources(links: readonly Pick<Link, 'resource'>[]): ResourceCounts {
  const accounts = links.filter(({ resource }) => resource === 'account').length;
  return { accounts, groups: links.length - accounts };
}

/**
 * Sorts and seals what is gone at the base URL `target`, of which only the origin is shown. The digest is over the whole
 * URL, and leaves out who is in scope, which may change without harm meanwhile.
 */
export function sealVanished(found: Omit<VanishedLinks, 'digest'>): VanishedLinks {
  const key = ({ resource, anchor }: VanishedLink) => `${resource} ${anchor}`;
  const gone = found.gone.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  const { connection, target } = found;
  const subject = gone.map(({ resource, anchor, resourceId }) => [resource, anchor, resourceId]);
  return { ...found, target: providerOrigin(target), gone, digest: digestOf({ connection, target, gone: subject }) };
}
