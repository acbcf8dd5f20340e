import { unreadOf, type SurveyedGroup } from '../../core/migration/survey.ts';
import { leaversOf } from '../../core/migration/leavers.ts';
import { digestOf } from '../../core/plan.ts';
import { counted, listed } from '../../core/reasons.ts';
import type { ResourceId } from '../../core/scim.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { takeSurvey } from '../survey.ts';
import { unlessAssignedAgain } from './assigned-again.ts';
import { later, lost, lostAccounts, notYet } from './look.ts';

/** SCIM groups of the migration that the provider still has: those there were, and any that was made anew since. */
async function groupsLeft(context: StepContext, now: readonly SurveyedGroup[]): Promise<readonly ResourceId[]> {
  const { connection, signal } = context;
  const groups = [...(context.state().before?.groups ?? []), ...now];
  const ids = new Set(groups.flatMap(({ scimGroup }) => (scimGroup === undefined ? [] : [scimGroup.id])));
  const left: ResourceId[] = [];
  for (const id of ids) if ((await connection.provider.readGroup(id, signal)) !== undefined) left.push(id);
  return left;
}

/** The groups are gone and every account that was active before is active under the same id: seen twice. */
export async function verify(context: StepContext): Promise<StepOutcome> {
  await context.begin();
  const { connection, ports, signal } = context;
  const { kind, groups, before } = context.state();
  const { survey, due } = await takeSurvey(connection, ports, { kind, groups }, signal);
  const missing = lostAccounts(before?.accounts ?? [], survey.accounts);
  if (missing.length > 0) return lost(missing);
  const unread = unreadOf(survey);
  if (unread !== undefined) return notYet(context, unread);
  const again = unlessAssignedAgain(survey.groups, 'unassign-groups');
  if (again !== undefined) return again;
  const left = await groupsLeft(context, survey.groups);
  if (left.length > 0 && context.state().engine === 'entra')
    return {
      is: 'stop',
      why: `a whole cycle of Entra's provisioning left ${left.length} of the SCIM groups: ${listed(left)}. See its logs; a job that was restarted has forgotten them: then delete them at the provider, and resume`,
    };
  if (left.length > 0) return notYet(context, `the provider still shows ${left.length} of the groups`);
  const times = await context.sight(
    true,
    `the groups are gone and ${counted(survey.accounts.length, 'account is', 'accounts are')} active`,
  );
  if (times < 2) return later(context);
  const { accounts } = survey;
  const waiting = due.plan.operations.length;
  // Without the last step cycles go on, and do it.
  const leavers = kind === 'disable-scim' ? leaversOf(due, survey) : [];
  const digest = digestOf({
    accounts: accounts.map(({ id }) => id),
    left,
    at: before?.digest ?? '',
    ...(leavers.length === 0 ? {} : { leavers: leavers.map(({ anchor }) => anchor) }),
  });
  const more = leavers.length === 0 ? {} : { leavers };
  await context.append([{ kind: 'verified', accounts, groupsLeft: left, waiting, digest, ...more }]);
  return {
    is: 'done',
    text: `the groups are gone; ${counted(accounts.length, 'account is', 'accounts are')} active, the same as before`,
  };
}
