import type { Behaviour } from '../behaviour.ts';
import { entraLegacy } from './entra-legacy.ts';
import { generic } from './generic.ts';
import { salesforce } from './salesforce.ts';

/** Every emulated provider by name. Adding one is adding data here. */
export const BEHAVIOURS = {
  generic,
  salesforce,
  'entra-legacy': entraLegacy,
} as const satisfies Readonly<Record<string, Behaviour>>;

export type BehaviourName = keyof typeof BEHAVIOURS;

/** True for the name of an emulated provider. */
export function isBehaviourName(name: string): name is BehaviourName {
  return Object.hasOwn(BEHAVIOURS, name);
}
