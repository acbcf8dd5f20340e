import type { Behaviour } from '../behaviour.ts';
import { generic } from './generic.ts';

/** Uniqkey: inactive means out of the company, and a group that is deleted with members in it takes them along. */
export const uniqkey: Behaviour = {
  ...generic,
  name: 'uniqkey',
  sources: ['Uniqkey support: "Disable SCIM and remove groups"'],
  etag: 'ignored',
  deleteUser: 'irreversible',
  activeFalse: 'remove',
  // The guide's author has not tested it; the sandbox plays the worst case.
  groupDelete: 'users',
  filters: 'one-eq',
  tokenOwner: 'coupled',
  tokens: { most: 1, beyond: 'replace' },
};
