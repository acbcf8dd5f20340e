import type { Behaviour } from '../behaviour.ts';
import { generic } from './generic.ts';

/**
 * A target built against what Entra's provisioning client sends without `aadOptscim062020`: capitalised ops, booleans as
 * strings, members removed by a list in `value`, the work e-mail added through a value path.
 */
export const entraLegacy: Behaviour = {
  ...generic,
  name: 'entra-legacy',
  sources: [
    'https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility',
    'https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups',
  ],
  etag: 'ignored',
  patchAnswer: { User: 'full', Group: 'no-content' },
  opNames: 'any-case',
  stringBooleans: true,
  managerAsString: true,
  dottedNames: true,
  removeWithValue: 'select',
  addToMissingValue: 'create',
  filterAfterValuePath: true,
  unknownSchemas: 'ignore',
};
