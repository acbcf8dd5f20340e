import type { ProfileName, ProviderProfile } from '../../../core/profile.ts';
import { atlassian } from './atlassian.ts';
import { awsIdentityCenter } from './aws-identity-center.ts';
import { entraLegacy } from './entra-legacy.ts';
import { generic } from './generic.ts';
import { githubEmu } from './github-emu.ts';
import { monday } from './monday.ts';
import { own } from './own.ts';
import { salesforce } from './salesforce.ts';
import { slack } from './slack.ts';
import { uniqkey } from './uniqkey.ts';

const PROFILES = {
  generic,
  salesforce,
  'entra-legacy': entraLegacy,
  monday,
  uniqkey,
  own,
  'aws-identity-center': awsIdentityCenter,
  slack,
  'github-emu': githubEmu,
  atlassian,
} as const satisfies Record<ProfileName, ProviderProfile>;

/** The facts about a service provider by the name used in the configuration. */
export function profileByName(name: ProfileName): ProviderProfile {
  return PROFILES[name];
}
