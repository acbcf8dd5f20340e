import { removalOf } from './guards/removal-kinds.ts';
import { piecesOf, type HeldPieces, type OpenHold } from './holds.ts';
import type { Operation } from './operation.ts';
import type { Plan } from './plan.ts';
import type { Finding, GuardName, Verdict } from './verdict.ts';
import { counted } from './reasons.ts';

/** Guards that judge how much a plan takes away: one subject says nothing about that, so what they held stays held. */
const AMOUNT_GUARDS = ['too-many-removals', 'group-cliff'] as const satisfies readonly GuardName[];

/** Guards whose rejected holds bind every plan: those that hold a removal for what it is, and that a person decides about. */
export const REJECTED_GUARDS = [...AMOUNT_GUARDS, 'non-empty-group-delete'] as const satisfies readonly GuardName[];

/** What a hold that has not ended keeps back, as the newest whole plan had it. */
export interface StandingHold extends Pick<OpenHold, 'id' | 'guard' | 'state'> {
  /** Operations it keeps back. */
  readonly operations: number;
  readonly pieces: HeldPieces;
  /** What somebody said no about, also while it waits again because more is held by now. */
  readonly rejected?: HeldPieces;
}

/** Whether a hold is about how much is taken away. */
export function isAboutAmount({ guard }: StandingHold): boolean {
  return AMOUNT_GUARDS.some((name) => name === guard);
}

/** What was rejected and is still planned: it stays, however little it has become, until that is gone or approved. */
export function rejectedHolds(standing: readonly StandingHold[]): readonly StandingHold[] {
  return standing.flatMap(({ rejected, ...hold }) => {
    if (rejected === undefined) return [];
    const planned = new Set(Object.keys(hold.pieces).map(subjectOf));
    const pieces = Object.fromEntries(Object.entries(rejected).filter(([piece]) => planned.has(subjectOf(piece))));
    return [{ ...hold, state: 'rejected' as const, pieces }];
  });
}

/**
 * The verdict with what open holds keep back of the plan: a removal that waits among many for a person may not be carried
 * out one by one, and one that was rejected not at all. Approvals are counted afterwards, as for every plan.
 */
export function withStandingHolds(
  { operations }: Pick<Plan, 'operations'>,
  verdict: Verdict,
  standing: readonly StandingHold[],
): Verdict {
  const removals = operations.filter((operation) => removalOf(operation) !== undefined);
  const found = removals.length === 0 ? [] : standing.flatMap((hold) => findingOf(hold, removals, verdict));
  return found.length === 0 ? verdict : { ...verdict, findings: [...verdict.findings, ...found] };
}

/** Whether a finding is about what an open hold keeps back, and not what its guard found by itself. */
export function isOfStandingHold({ numbers }: Finding): boolean {
  return numbers['held'] !== undefined;
}

function findingOf(hold: StandingHold, removals: readonly Operation[], { findings }: Verdict): readonly Finding[] {
  const { id, guard, state } = hold;
  const subjects = new Set(Object.keys(hold.pieces).map(subjectOf));
  const own = new Set(findings.filter((finding) => finding.guard === guard).flatMap((finding) => finding.operations));
  const held = removals.filter(
    (operation) => !own.has(operation.key) && removed(operation).some((subject) => subjects.has(subject)),
  );
  if (held.length === 0) return [];
  const decided =
    state === 'rejected' ? ', which was rejected,' : state === 'waiting' ? ', which waits for a decision,' : '';
  const count = counted(hold.operations, 'operation');
  return [
    {
      guard,
      effect: 'hold',
      message: `hold ${id}${decided} keeps back ${count}, and ${held.length === 1 ? 'this is' : `${held.length} of these are`} among them`,
      remedy:
        `see who and what, and decide: headgate holds show ${id}. ` +
        (state === 'rejected'
          ? 'Nobody of it is removed before it is approved; who is assigned again is no longer part of it.'
          : 'Once its cause is mended, the next cycle lifts it.'),
      operations: held.map(({ key }) => key),
      numbers: { held: hold.operations },
    },
  ];
}

function removed(operation: Operation): readonly string[] {
  const subjects = piecesOf(operation).map(([piece]) => subjectOf(piece));
  return subjects.filter((subject) => !subject.startsWith('add-member '));
}

/** Whose access a piece takes, whatever the reason is by now and whether it is disabled or deleted. */
function subjectOf(piece: string): string {
  const [resource, what, group, anchor] = piece.split(' ');
  return what === 'remove-member' || what === 'add-member' ? `${what} ${group} ${anchor}` : `${resource} ${anchor}`;
}
