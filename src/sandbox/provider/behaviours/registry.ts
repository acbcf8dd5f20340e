import type { Behaviour } from '../behaviour.ts';
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

/** Every emulated provider by name. Adding one is adding data here. */
export const BEHAVIOURS = {
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
} as const satisfies Readonly<Record<string, Behaviour>>;

export type BehaviourName = keyof typeof BEHAVIOURS;

/** True for the name of an emulated provider. */
export function isBehaviourName(name: string): name is BehaviourName {
  return Object.hasOwn(BEHAVIOURS, name);
}
