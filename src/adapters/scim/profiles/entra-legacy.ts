import type { ProviderProfile } from '../../../core/profile.ts';
import { generic } from './generic.ts';

/** A provider built against what Entra's provisioning client sends without the `aadOptscim062020` flag. */
export const entraLegacy: ProviderProfile = {
  ...generic,
  name: 'entra-legacy',
  sources: [
    'https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility',
    'https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups',
  ],
  patch: {
    // Compatibility page, "behaviour before": Add, Replace, Remove; "False" as a string in PATCH; a path for each change.
    shape: 'path',
    opCase: 'capital',
    activeAs: 'string',
    // Same page: the manager is sent as a bare string.
    managerAs: 'string',
    splitReactivation: false,
  },
  groups: {
    ...generic.groups,
    // Same page: members are removed by a list in value, which a strict provider takes for "remove all members".
    memberRemoval: 'value-array',
  },
  // Development guide: Entra filters with eq and and only, on these attributes.
  filter: { attributes: ['id', 'externalId', 'userName', 'displayName', 'emails.value'], and: true },
};
