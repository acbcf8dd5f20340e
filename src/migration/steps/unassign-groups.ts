import type { SurveyedGroup } from '../../core/migration/survey.ts';
import { changeDirectory, directoryCall } from '../calls.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { unlessAssigned, unlessCovered, unlessNeededElsewhere } from './covered.ts';
import { groupLink, membersOf } from './group-changes.ts';
import { later, lookAround, notYet, seenTwice } from './look.ts';
import { counted } from '../../core/reasons.ts';

/** Removes the assignments of the groups, one by one, each after a fresh look at whom it would concern. */
export function unassignGroups(context: StepContext): Promise<StepOutcome> {
  return unassignSome(context, () => true);
}

/** The same for some of the groups. */
export async function unassignSome(
  context: StepContext,
  chosen: (group: SurveyedGroup) => boolean,
): Promise<StepOutcome> {
  await context.begin();
  const { survey, obstacle } = await lookAround(context);
  if (obstacle !== undefined) return obstacle;
  if (survey.uncovered.length > 0)
    return {
      is: 'reopen',
      step: 'assign-directly',
      why: `${counted(survey.uncovered.length, 'user has', 'users have')} no other way in`,
    };
  const lacking = unlessAssigned(context, survey);
  if (lacking !== undefined) return lacking;
  const assigned = survey.groups.filter((group) => chosen(group) && group.assignments.length > 0);
  if (assigned.length === 0) return seenTwice(context, 'none of the groups is assigned any more');
  const carriedOut = context.state().carriedOut[context.step];
  const open = assigned.filter(({ assignments }) =>
    assignments.some(({ id }) => carriedOut?.has(`unassign ${id}`) !== true),
  );
  if (open.length === 0)
    return notYet(
      context,
      `${counted(assigned.length, 'group was unassigned and still shows', 'groups were unassigned and still show')} as assigned`,
    );
  for (const group of open) {
    const outcome = await unassign(context, survey.application.id, group);
    if (outcome !== undefined) return outcome;
  }
  return later(context);
}

async function unassign(
  context: StepContext,
  application: string,
  group: SurveyedGroup,
): Promise<StepOutcome | undefined> {
  const needed = await unlessNeededElsewhere(context, group.anchor);
  if (needed !== undefined) return needed;
  const link = await groupLink(context, group.anchor);
  const found = link === undefined ? undefined : await membersOf(context, link);
  if (found !== undefined && found.members.length > 0)
    return {
      is: 'reopen',
      step: 'empty-groups',
      why: `SCIM group ${group.name} has ${counted(found.members.length, 'member')} again`,
    };
  // Last: the others may read for minutes, and somebody may join meanwhile.
  const uncovered = await unlessCovered(context, group.anchor);
  if (uncovered !== undefined) return uncovered;
  const calls = group.assignments.map(({ id, roleId }) => ({
    ...directoryCall(context, `unassign ${id}`, `unassign group ${group.name}`, {
      kind: 'unassign',
      application,
      assignment: id,
    }),
    group: group.anchor,
    roleId,
  }));
  return (await changeDirectory(context, calls)) ? undefined : { is: 'left' };
}
