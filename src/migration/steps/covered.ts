import type { Anchor } from '../../core/directory.ts';
import { assignedAnew, lackingUsers, waysIn } from '../../core/migration/seen-ways.ts';
import type { MigrationState } from '../../core/migration/state.ts';
import type { Survey } from '../../core/migration/survey.ts';
import { counted, listed } from '../../core/reasons.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { membersWithoutAssignment } from '../survey.ts';
import { furtherReaching } from '../neighbours.ts';
import { lookAround, notYet } from './look.ts';

/**
 * Ways into scope that a whole cycle has seen before anything was taken away, where Entra is the engine: one that is newer may
 * be missed by a cycle that is under way. Undefined where Headgate reads anew itself.
 */
function seenWays({ engine, coverage }: MigrationState): ReadonlySet<string> | undefined {
  return engine === 'entra' ? waysIn(coverage ?? { users: [] }) : undefined;
}

function toAssign(seen: ReadonlySet<string> | undefined, who: string, names: readonly string[]): StepOutcome {
  const which = seen === undefined ? '' : " that a whole cycle of Entra's has seen";
  return {
    is: 'reopen',
    step: 'assign-directly',
    why: `${who} no direct assignment with the group's role${which}: ${listed(names)}`,
  };
}

/**
 * Whether everybody in the groups has a direct assignment with each role these give, by a survey, and where Entra is the engine,
 * whether a whole cycle of its has seen the groups assigned as they are. Undefined when so.
 */
export function unlessAssigned(context: StepContext, survey: Survey): StepOutcome | undefined {
  const seen = seenWays(context.state());
  const labels = lackingUsers(survey, seen).map(({ label }) => label);
  if (labels.length > 0) return toAssign(seen, counted(labels.length, 'user has', 'users have'), labels);
  const [anew, ...others] = seen === undefined ? [] : assignedAnew(survey, seen);
  if (anew === undefined) return undefined;
  const names = listed([anew, ...others].map(({ name }) => name));
  const why = `${counted(others.length + 1, 'group is', 'groups are')} assigned again, which no whole cycle of Entra's has seen: ${names}. One under way may be making the SCIM group anew, with people in it who are to be taken out first`;
  return { is: 'reopen', step: 'assign-directly', why };
}

/**
 * Asked just before every request that takes something away: does everybody in the group still have a direct assignment
 * with the role the group gives? Undefined when so. Whoever joined meanwhile is assigned first; a read that cannot be proved complete is no yes.
 */
export async function unlessCovered(context: StepContext, group: Anchor): Promise<StepOutcome | undefined> {
  const { connection, signal } = context;
  const state = context.state();
  const application = state.before?.application.id;
  if (application === undefined) return { is: 'stop', why: 'there is no survey to compare with' };
  const seen = seenWays(state);
  const { users, gaps } = await membersWithoutAssignment(connection, group, application, signal, seen);
  if (gaps.length > 0) return notYet(context, `could not be read completely: ${listed(gaps)}`);
  return users.length === 0 ? undefined : toAssign(seen, counted(users.length, 'member has', 'members have'), users);
}

/**
 * The same question for whoever another connection of the application lets in by the group and this one does not. Who is not
 * assigned directly may have another way in there, so everything is looked at again. Undefined when nobody loses anything.
 */
export async function unlessNeededElsewhere(context: StepContext, group: Anchor): Promise<StepOutcome | undefined> {
  const { connection, ports, signal } = context;
  const application = context.state().before?.application.id ?? '';
  for (const other of await furtherReaching(connection, ports)) {
    const { users, gaps } = await membersWithoutAssignment(other, group, application, signal);
    if (users.length + gaps.length > 0) return (await lookAround(context)).obstacle;
  }
  return undefined;
}

/** Before a step that takes away is begun: everything must be as it was when the coverage gate was asked, twice. */
export function unlessAsApproved(context: StepContext, survey: Survey): StepOutcome | undefined {
  const approved = context.state().coverage?.digest;
  if (survey.digest === approved) return unlessAssigned(context, survey);
  return { is: 'reopen', step: 'assign-directly', why: 'what the coverage gate was asked about has changed since' };
}
