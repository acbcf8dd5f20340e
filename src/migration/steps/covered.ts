import type { Anchor } from '../../core/directory.ts';
import { counted, listed } from '../../core/reasons.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { membersWithoutAssignment } from '../survey.ts';
import { furtherReaching } from '../neighbours.ts';
import { later, lookAround } from './look.ts';

/**
 * Asked just before every request that takes something away: does everybody in the group still have a direct assignment
 * with the role the group gives? Undefined when so. Whoever joined meanwhile is assigned first; a read that cannot be proved complete is no yes.
 */
export async function unlessCovered(context: StepContext, group: Anchor): Promise<StepOutcome | undefined> {
  const { connection, signal } = context;
  const application = context.state().before?.application.id;
  if (application === undefined) return { is: 'stop', why: 'there is no survey to compare with' };
  const { users, gaps } = await membersWithoutAssignment(connection, group, application, signal);
  if (gaps.length > 0) {
    await context.sight(false, `could not be read completely: ${listed(gaps)}`);
    return later(context);
  }
  if (users.length === 0) return undefined;
  const why = `${counted(users.length, 'member has', 'members have')} no direct assignment with the group's role: ${listed(users)}`;
  return { is: 'reopen', step: 'assign-directly', why };
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
export async function unlessAsApproved(context: StepContext, digest: string): Promise<StepOutcome | undefined> {
  const approved = context.state().coverage?.digest;
  if (digest === approved) return undefined;
  return { is: 'reopen', step: 'assign-directly', why: 'what the coverage gate was asked about has changed since' };
}
