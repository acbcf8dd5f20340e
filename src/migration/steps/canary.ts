import type { MigrationStep } from '../../core/migration/migration.ts';
import type { Survey, SurveyedGroup } from '../../core/migration/survey.ts';
import type { ResourceId } from '../../core/scim.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { unlessAssignedAgain } from './assigned-again.ts';
import { nativeCycle } from './native-cycle.ts';
import { unassignSome } from './unassign-groups.ts';
import { deleteGroup, groupLink, membersOf } from './group-changes.ts';
import { lookAround } from './look.ts';
import { unlessLostLater } from './still-there.ts';
import { counted } from '../../core/reasons.ts';

/** Everybody who was in a group, by what the provider showed and by what the directory says. */
function inside({ anchor, scimGroup }: SurveyedGroup, { users }: Survey): ReadonlySet<ResourceId> {
  const counted = users.filter(({ paths }) => paths.some(({ group }) => group === anchor));
  return new Set([...(scimGroup?.members ?? []), ...counted.flatMap(({ account }) => account?.id ?? [])]);
}

/** The group with the fewest people in it. One that had none shows nothing, so it is taken only where there is no other. */
function chooseCanary(survey: Survey): SurveyedGroup | undefined {
  const sized = survey.groups
    .filter(({ scimGroup }) => scimGroup !== undefined)
    .map((group) => ({ group, size: inside(group, survey).size || Infinity }));
  return sized.toSorted((a, b) =>
    a.size === b.size ? (a.group.anchor < b.group.anchor ? -1 : 1) : a.size < b.size ? -1 : 1,
  )[0]?.group;
}

/**
 * Deletes one emptied group before all others, the one that had the fewest members, and looks twice whether those who were
 * in it are still there: providers are known that take the members of a deleted group along.
 */
export async function canary(context: StepContext): Promise<StepOutcome> {
  if (context.state().engine === 'entra') return canaryOfEntra(context);
  await context.begin();
  const { before } = context.state();
  const first = before === undefined ? undefined : chooseCanary(before);
  if (first === undefined || before === undefined) return { is: 'done', text: 'there is no SCIM group' };
  const closed = await lookAgain(context, first, 'unassign-groups');
  if (closed !== undefined) return closed;
  const link = await groupLink(context, first.anchor);
  if (link !== undefined) {
    const found = await membersOf(context, link);
    if (found !== undefined && found.members.length > 0)
      return {
        is: 'reopen',
        step: 'empty-groups',
        why: `SCIM group ${first.name} has ${counted(found.members.length, 'member')} again`,
      };
    if (await context.interrupted()) return { is: 'left' };
    await deleteGroup(context, link);
  }
  const text = `SCIM group ${first.name} is deleted and everybody who was in it is still there`;
  return (await unlessLostLater(context, inside(first, before), text)) ?? { is: 'done', text };
}

/** Everything as it is now; the canary is to go once more, from that step on, where somebody has assigned it again. */
async function lookAgain(
  context: StepContext,
  { anchor }: SurveyedGroup,
  step: MigrationStep,
): Promise<StepOutcome | undefined> {
  const { survey, obstacle } = await lookAround(context);
  const now = survey.groups.filter((group) => group.anchor === anchor);
  return obstacle ?? unlessAssignedAgain(now, step);
}

/** The same with Entra's engine: one group is unassigned, and its next whole cycle deletes it. */
async function canaryOfEntra(context: StepContext): Promise<StepOutcome> {
  const { before, nativeJobs } = context.state();
  const first = before === undefined ? undefined : chooseCanary(before);
  if (first?.scimGroup === undefined || before === undefined) return { is: 'done', text: 'there is no SCIM group' };
  // While its cycle is waited for, nothing else is written.
  if (nativeJobs[context.step] === undefined) {
    const assigned = await unassignSome(context, ({ anchor }) => anchor === first.anchor);
    if (assigned.is !== 'done') return assigned;
  }
  const cycle = await nativeCycle(context);
  if (cycle.is !== 'done') return cycle;
  const { connection, signal } = context;
  // It has another id where it was made anew.
  const { resourceId = first.scimGroup.id } = (await groupLink(context, first.anchor)) ?? {};
  if ((await connection.provider.readGroup(resourceId, signal)) !== undefined)
    return (
      (await lookAgain(context, first, 'canary')) ?? {
        is: 'stop',
        why: `a whole cycle of Entra's provisioning did not delete SCIM group ${first.name}: see its logs. A job that was restarted has forgotten the group: then delete it at the provider, and resume`,
      }
    );
  const text = `Entra deleted SCIM group ${first.name} and everybody who was in it is still there`;
  return (await unlessLostLater(context, inside(first, before), text)) ?? { is: 'done', text };
}
