import type { SurveyedGroup } from '../../core/migration/survey.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { deleteGroup, groupLink, membersOf } from './group-changes.ts';
import { lookAround, unlessLost } from './look.ts';

function sizeOf({ scimGroup, members }: SurveyedGroup): number {
  return scimGroup?.members?.length ?? members;
}

/**
 * Deletes one emptied group before all others, the one that had the fewest members, and makes sure that those who were in
 * it are still there: providers are known that take the members of a deleted group along.
 */
export async function canary(context: StepContext): Promise<StepOutcome> {
  await context.begin();
  const { before } = context.state();
  const [first] = (before?.groups ?? [])
    .filter(({ scimGroup }) => scimGroup !== undefined)
    .toSorted((a, b) => sizeOf(a) - sizeOf(b) || (a.anchor < b.anchor ? -1 : 1));
  if (first === undefined || before === undefined) return { is: 'done', text: 'there is no SCIM group' };
  const { survey, obstacle } = await lookAround(context);
  if (obstacle !== undefined) return obstacle;
  const now = survey.groups.find(({ anchor }) => anchor === first.anchor);
  if (now !== undefined && now.assignments.length > 0)
    return { is: 'reopen', step: 'unassign-groups', why: `group ${first.name} is assigned again` };
  const link = await groupLink(context, first.anchor);
  if (link !== undefined) {
    const found = await membersOf(context, link);
    if (found !== undefined && found.members.length > 0)
      return {
        is: 'reopen',
        step: 'empty-groups',
        why: `SCIM group ${first.name} has ${found.members.length} members again`,
      };
    if (await context.interrupted()) return { is: 'left' };
    await deleteGroup(context, link);
  }
  const inside = first.scimGroup?.members;
  const gone = await unlessLost(context, inside === undefined ? undefined : new Set(inside));
  return gone ?? { is: 'done', text: `SCIM group ${first.name} is deleted and everybody who was in it is still there` };
}
