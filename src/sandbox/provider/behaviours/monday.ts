import type { Behaviour } from '../behaviour.ts';
import { generic } from './generic.ts';

/** monday.com: lists hide the users that people made, and a token dies with its admin. */
export const monday: Behaviour = {
  ...generic,
  name: 'monday',
  sources: [
    'https://support.monday.com/hc/en-us/articles/360021893619-SCIM-Provisioning-API',
    'monday.com support: "Why can\'t I deactivate or change the user type of an admin?"',
  ],
  etag: 'ignored',
  deleteUser: 'irreversible',
  filters: 'one-eq',
  listsOnlyScimMade: 'scim_provisioned_only',
  tokenOwner: 'coupled',
  // Support article: "we no longer allow the deactivation or changing the user type of an admin who generated a SCIM token".
  adminPages: { adminTypes: ['Admin'], ownerGuard: 'pages', needsSso: false, confirmsDelete: false, mails: false },
};
