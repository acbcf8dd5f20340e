import type { MigrationStep } from '../../core/migration/migration.ts';
import type { SurveyedGroup } from '../../core/migration/survey.ts';
import { counted, listed } from '../../core/reasons.ts';
import type { StepOutcome } from '../step-context.ts';

/** Where somebody has assigned groups again that were unassigned: they are to go once more. Undefined where nobody has. */
export function unlessAssignedAgain(groups: readonly SurveyedGroup[], step: MigrationStep): StepOutcome | undefined {
  const assigned = groups.filter(({ assignments }) => assignments.length > 0);
  if (assigned.length === 0) return undefined;
  const names = listed(assigned.map(({ name }) => name));
  return { is: 'reopen', step, why: `${counted(assigned.length, 'group is', 'groups are')} assigned again: ${names}` };
}
