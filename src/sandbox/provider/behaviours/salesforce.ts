import type { Behaviour } from '../behaviour.ts';
import { generic } from './generic.ts';

/**
 * Salesforce: a user is never deleted, DELETE and `active: false` do the same, the account stays readable and keeps its
 * userName; PATCH answers 200 with the whole resource; the version is a bare hash.
 */
export const salesforce: Behaviour = {
  ...generic,
  name: 'salesforce',
  sources: [
    'https://help.salesforce.com/s/articleView?id=xcloud.identity_scim_examples_deactivate_users.htm',
    'https://help.salesforce.com/s/articleView?id=xcloud.identity_scim_rest_api.htm',
  ],
  basePath: '/services/scim/v2',
  configPath: '/ServiceProviderConfigs',
  idForm: 'salesforce',
  version: 'bare-hash',
  etag: 'ignored',
  patchAnswer: { User: 'full', Group: 'full' },
  deleteUser: 'deactivate',
  maxResults: 200,
};
