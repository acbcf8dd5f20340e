import type { ProfileName, ProviderProfile } from '../../../core/profile.ts';
import { entraLegacy } from './entra-legacy.ts';
import { generic } from './generic.ts';
import { salesforce } from './salesforce.ts';

const PROFILES = { generic, salesforce, 'entra-legacy': entraLegacy } as const satisfies Record<
  ProfileName,
  ProviderProfile
>;

/** The facts about a service provider by the name used in the configuration. */
export function profileByName(name: ProfileName): ProviderProfile {
  return PROFILES[name];
}
