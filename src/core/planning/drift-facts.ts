import type { DirectoryCauses, DriftFinding } from '../drift.ts';
import type { Anchor } from '../directory.ts';
import type { Link } from '../link.ts';
import type { Operation } from '../operation.ts';
import type { GivenGroup } from './given-away.ts';
import type { PlanInput } from './plan-input.ts';
import type { Links } from './plan-members.ts';

/** What differs from what Headgate left, and which operations would do nothing but undo it. */
export interface Drift {
  readonly findings: readonly DriftFinding[];
  /** Keys of operations that only undo what was changed by hand. */
  readonly undoes: ReadonlySet<string>;
  /** The part of membership changes that does, by operation key. */
  readonly undoneMembers: ReadonlyMap<string, MemberUndo>;
}

export interface MemberUndo {
  readonly add: ReadonlySet<Anchor>;
  readonly remove: ReadonlySet<Anchor>;
}

/** What drift is found from: a complete draft of a full plan, and what it was made of. */
export interface DriftFacts {
  readonly input: PlanInput;
  readonly causes: DirectoryCauses;
  readonly operations: readonly Operation[];
  readonly entitled: ReadonlySet<Anchor>;
  readonly accounts: Links;
  readonly groups: Links;
  /** SCIM groups that are not ours any more, by the directory group they are linked for. */
  readonly strangers: ReadonlyMap<Anchor, GivenGroup>;
}

export interface DriftDraft {
  readonly findings: DriftFinding[];
  readonly undoes: Set<string>;
  readonly undoneMembers: Map<string, MemberUndo>;
}

/** Whether the directory, or something left unsettled, concerns this user or group; undefined when that is not known. */
export function concerns(causes: DirectoryCauses, resource: Link['resource'], anchor: Anchor): boolean | undefined {
  if (!causes.known) return undefined;
  return (resource === 'account' ? causes.users : causes.groups).has(anchor);
}

/** What follows from a finding: what the next full cycle does, unless the policy is to leave it. */
export function whatFollows({ input, causes }: DriftFacts, certain: boolean, deed: string): string {
  if (input.rules.drift === 'enforce' || (!certain && !causes.known)) return `the next full cycle will ${deed}`;
  return 'Headgate leaves it as it is (drift: report) until the directory changes something about it';
}
