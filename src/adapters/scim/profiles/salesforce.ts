import type { ProviderProfile } from '../../../core/profile.ts';
import { generic } from './generic.ts';

/** Salesforce: accounts are deactivated, never deleted, whatever the verb. */
export const salesforce: ProviderProfile = {
  ...generic,
  name: 'salesforce',
  sources: [
    'https://help.salesforce.com/s/articleView?id=xcloud.identity_scim_examples_deactivate_users.htm',
    'https://help.salesforce.com/s/articleView?id=xcloud.identity_scim_rest_api.htm',
    'https://learn.microsoft.com/entra/identity/saas-apps/salesforce-provisioning-tutorial',
  ],
  // "Examples: Deactivate and Reactivate Users with SCIM" shows one operation without a path.
  patch: { ...generic.patch, shape: 'pathless' },
  // Same page: "you deactivate user objects rather than deleting them"; DELETE answers 204 with the same result, the
  // object can still be queried, and PATCH active:true brings it back.
  deactivate: { means: 'suspend', deleteMeans: 'suspend', staysReadable: true },
  // REST API page: lists answer at most 200.
  paging: { ...generic.paging, pageSize: 200 },
  // Entra tutorial: the security token of the admin user is reissued when that user's password is reset.
  token: { ...generic.token, ownerCoupled: true },
  // Salesforce's User object requires a last name and an e-mail address.
  attributes: { ...generic.attributes, required: ['userName', 'name.familyName', 'emails[type eq "work"].value'] },
};
