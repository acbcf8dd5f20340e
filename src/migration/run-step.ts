import type { MigrationStep } from '../core/migration/migration.ts';
import { assignDirectly } from './steps/assign-directly.ts';
import { canary } from './steps/canary.ts';
import { disableConnection } from './steps/disable-connection.ts';
import { emptyGroups } from './steps/empty-groups.ts';
import { finish } from './steps/finish.ts';
import { fullCycle } from './steps/full-cycle.ts';
import { nativeCycle } from './steps/native-cycle.ts';
import { reassignGroups } from './steps/reassign-groups.ts';
import { refillGroups } from './steps/refill-groups.ts';
import { restoreCycle } from './steps/restore-cycle.ts';
import { revokeToken } from './steps/revoke-token.ts';
import { surveyStep } from './steps/survey.ts';
import { unassignGroups } from './steps/unassign-groups.ts';
import { verify } from './steps/verify.ts';
import { withdrawAssignments } from './steps/withdraw-assignments.ts';
import type { StepContext, StepOutcome } from './step-context.ts';

/** Every step there is. Each looks at what is really there first, so that it may be run any number of times. */
const STEPS: Readonly<Record<MigrationStep, (context: StepContext) => Promise<StepOutcome>>> = {
  survey: surveyStep,
  'assign-directly': assignDirectly,
  'assignments-cycle': nativeCycle,
  'empty-groups': emptyGroups,
  'unassign-groups': unassignGroups,
  canary,
  'full-cycle': fullCycle,
  verify,
  'disable-connection': disableConnection,
  'revoke-token': revokeToken,
  'reassign-groups': reassignGroups,
  'restore-cycle': restoreCycle,
  'refill-groups': refillGroups,
  'withdraw-assignments': withdrawAssignments,
  report: finish,
};

/** Takes a step as far as it goes now. */
export function runStep(context: StepContext): Promise<StepOutcome> {
  return STEPS[context.step](context);
}
