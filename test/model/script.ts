import * as fc from 'fast-check';
import type { Anchor } from '../../src/core/directory.ts';
import type { CycleKind } from '../../src/core/cycle.ts';
import { FAULTS, type Fault, type FaultPlace } from './faults.ts';
import { GROUPS, ROOT, USERS, type Edit } from './organisation.ts';

/** What happens to the world, one step after the other. Numbers that choose from a list count round and round. */
export type Step =
  | { readonly step: 'edit'; readonly edit: Edit }
  /** An edit in the middle of what runs next, after so many calls of a port. */
  | { readonly step: 'edit-later'; readonly edit: Edit; readonly after: number }
  | { readonly step: 'schedule'; readonly kind: CycleKind }
  /** Runs one of the waiting jobs, due or not; `double` leaves it in the queue, `beside` runs another at the same time. */
  | {
      readonly step: 'run';
      readonly job: number;
      readonly process: number;
      readonly double: boolean;
      readonly beside?: number;
    }
  | { readonly step: 'lose'; readonly job: number }
  /** Runs what is due until nothing is, as a quiet day would. */
  | { readonly step: 'work' }
  | { readonly step: 'sweep' }
  | { readonly step: 'pass'; readonly ms: number }
  | { readonly step: 'fault'; readonly fault: Fault }
  /** A process dies after so many moments: before or after a call of one of its ports. */
  | { readonly step: 'crash'; readonly process: number; readonly after: number }
  /** Somebody works at the provider by hand. */
  | { readonly step: 'by-hand'; readonly what: 'deactivate' | 'remove' | 'leave'; readonly which: number };

export interface Script {
  /** The provider refuses names that are taken. */
  readonly unique: boolean;
  readonly membersReadable: 'full' | 'never';
  readonly processes: 1 | 2;
  readonly sliceSize: number;
  /** How long an unassigned user keeps the account, in ms. */
  readonly delayMs: number;
  readonly concurrency: number;
  /** Who is in which group, and who is assigned, when the first cycle runs. */
  readonly members: readonly (readonly [group: Anchor, user: Anchor])[];
  readonly assigned: readonly Anchor[];
  readonly days: readonly (readonly Step[])[];
}

/** A script in which nothing special happens, where it does not say otherwise. */
export function aScript(changes: Partial<Script>): Script {
  return {
    unique: true,
    membersReadable: 'full',
    processes: 1,
    delayMs: 0,
    sliceSize: 4,
    concurrency: 1,
    members: [],
    assigned: [],
    days: [],
    ...changes,
  };
}

const user = fc.constantFrom(...USERS);
const group = fc.constantFrom(...GROUPS);
const principal = fc.oneof(user, group);

export const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ edit: fc.constantFrom('assign', 'unassign'), principal }) },
  { weight: 3, arbitrary: fc.record({ edit: fc.constantFrom('join', 'leave'), user, group }) },
  { weight: 2, arbitrary: fc.record({ edit: fc.constant('move'), user, from: group, to: group }) },
  { weight: 1, arbitrary: fc.record({ edit: fc.constant('swap-groups'), from: group, to: group }) },
  { weight: 3, arbitrary: fc.record({ edit: fc.constantFrom('enable', 'block', 'soft-delete', 'restore'), user }) },
  { weight: 1, arbitrary: fc.record({ edit: fc.constantFrom('hard-delete', 'hire-again'), user }) },
  {
    weight: 1,
    arbitrary: fc.record({ edit: fc.constant('upn'), user, name: fc.constantFrom('first', 'second', 'shared') }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ edit: fc.constant('department'), user, department: fc.constantFrom('Sales', 'IT') }),
  },
  {
    weight: 2,
    arbitrary: fc.record(
      { edit: fc.constant('manager'), user, manager: fc.constantFrom(ROOT, ...USERS) },
      { requiredKeys: ['edit', 'user'] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({ edit: fc.constant('rename-group'), group, suffix: fc.constantFrom('', ' B', ' C') }),
  },
  { weight: 1, arbitrary: fc.record({ edit: fc.constant('delete-group'), group }) },
);

/** Edits that tear a read: whoever moves while groups are read one after the other is in neither. */
const moving: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ edit: fc.constant('move'), user, from: group, to: group }),
  fc.record({ edit: fc.constant('swap-groups'), from: group, to: group }),
);

function faultAt(place: FaultPlace, most: number): fc.Arbitrary<Fault> {
  return fc.record({ place: fc.constant(place), kind: fc.constantFrom(...FAULTS[place]), after: fc.nat(most) });
}

const fault = fc.oneof(
  { weight: 6, arbitrary: faultAt('write', 6) },
  { weight: 3, arbitrary: faultAt('read', 8) },
  { weight: 2, arbitrary: faultAt('listing', 3) },
  { weight: 2, arbitrary: faultAt('directory', 8) },
  { weight: 1, arbitrary: faultAt('memberships', 1) },
  { weight: 1, arbitrary: faultAt('assignments', 1) },
  { weight: 2, arbitrary: faultAt('changes', 0) },
);

/** Shorter than any back-off, longer than one, longer than a lease. */
const passing = fc.constantFrom(10, 61_000, 600_000, 7_200_000);

const run: fc.Arbitrary<Step> = fc.record(
  { step: fc.constant('run'), job: fc.nat(3), process: fc.nat(1), double: fc.boolean(), beside: fc.nat(3) },
  { requiredKeys: ['step', 'job', 'process', 'double'] },
);
const edits: fc.Arbitrary<Step> = fc.record({ step: fc.constant('edit'), edit });

/** What makes a day bad. */
function trouble(byHand: boolean): fc.Arbitrary<Step> {
  const process = fc.nat(1);
  const what = fc.constantFrom('deactivate', 'remove', 'leave');
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ step: fc.constant('fault'), fault }) },
    { weight: 2, arbitrary: fc.record({ step: fc.constant('edit-later'), edit, after: fc.nat(90) }) },
    { weight: 2, arbitrary: fc.record({ step: fc.constant('edit-later'), edit: moving, after: fc.nat(35) }) },
    {
      weight: 3,
      arbitrary: fc.record({ step: fc.constant('crash'), process, after: fc.integer({ min: 1, max: 90 }) }),
    },
    { weight: byHand ? 1 : 0, arbitrary: fc.record({ step: fc.constant('by-hand'), what, which: fc.nat(9) }) },
  );
}

/** How the queue and the time treat what is to be done. */
const turn: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: run },
  { weight: 2, arbitrary: fc.constant({ step: 'work' }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('lose'), job: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant({ step: 'sweep' }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('pass'), ms: passing }) },
  { weight: 1, arbitrary: edits },
);

/** A day: somebody changes things, something goes wrong, and a cycle gets as far as it gets. */
function day(byHand: boolean): fc.Arbitrary<readonly Step[]> {
  return fc
    .record({
      edits: fc.array(edits, { minLength: 1, maxLength: 4 }),
      troubles: fc.array(trouble(byHand), { maxLength: 3 }),
      kind: fc.constantFrom<CycleKind>('incremental', 'incremental', 'initial', 'initial', 'audit'),
      turns: fc.array(turn, { maxLength: 5 }),
    })
    .map(({ edits, troubles, kind, turns }) => [
      ...edits,
      ...troubles,
      { step: 'schedule', kind },
      ...turns,
      { step: 'work' },
    ]);
}

/** A whole history. `byHand`: also with people who change things at the provider, which only full cycles see. */
export function script(byHand: boolean): fc.Arbitrary<Script> {
  return fc.record({
    unique: fc.boolean(),
    membersReadable: fc.constantFrom('full', 'never'),
    processes: fc.constantFrom(1, 2),
    delayMs: fc.constantFrom(0, 300_000),
    sliceSize: fc.integer({ min: 1, max: 4 }),
    concurrency: fc.integer({ min: 1, max: 3 }),
    members: fc.uniqueArray(fc.tuple(group, user), {
      minLength: 3,
      maxLength: 8,
      selector: (pair) => pair.join(),
    }),
    assigned: fc.uniqueArray(principal, { minLength: 2, maxLength: 5 }),
    days: fc.array(day(byHand), { minLength: 1, maxLength: 5, size: 'max' }),
  });
}
