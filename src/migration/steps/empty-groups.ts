import { NotFoundError } from '../../core/errors.ts';
import { canaryMember, type CanaryMember, type GroupMembers } from '../../core/migration/canary-member.ts';
import type { Link } from '../../core/link.ts';
import type { Anchor } from '../../core/directory.ts';
import type { ResourceId } from '../../core/scim.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { unlessAsApproved, unlessCovered } from './covered.ts';
import { emptyKey, groupLink, membersOf, takeOut } from './group-changes.ts';
import { later, lookAround, notYet, seenTwice, unlessLost, unlessTwoEngines } from './look.ts';
import { unlessLostLater } from './still-there.ts';
import { counted } from '../../core/reasons.ts';

/**
 * Takes everybody out of the SCIM groups that are to go, in chunks the provider takes, and reads them back. Nothing is
 * taken out unless two reads in a row showed exactly what was approved. One person goes first and is looked for twice before
 * the next, and after every chunk everybody in it is asked for: there are providers that keep no account without a group.
 */
export async function emptyGroups(context: StepContext): Promise<StepOutcome> {
  const closed = await open(context);
  if (closed !== undefined) return closed;
  const first = await emptyOne(context);
  if (first !== undefined) return first;
  const { groupsWithMembers, left, outcome } = await empty(context);
  if (outcome !== undefined) return outcome;
  if (left > 0)
    return notYet(
      context,
      `${counted(left, 'member is', 'members are')} still shown in ${counted(groupsWithMembers, 'SCIM group')}`,
    );
  return seenTwice(context, 'every SCIM group that is to go is empty');
}

async function open(context: StepContext): Promise<StepOutcome | undefined> {
  if (context.state().begun.has(context.step)) return unlessTwoEngines(context);
  const { survey, obstacle } = await lookAround(context);
  const refused = obstacle ?? unlessAsApproved(context, survey);
  if (refused !== undefined) return refused;
  const times = await context.sight(true, 'everything is as it was approved');
  if (times < 2) return later(context);
  await context.begin();
  // The reads until now were about what was approved; from here on they are about the groups.
  await context.sight(false, 'the groups are emptied from now on');
  return undefined;
}

interface Emptying {
  readonly left: number;
  readonly groupsWithMembers: number;
  readonly outcome?: StepOutcome;
}

async function empty(context: StepContext): Promise<Emptying> {
  const { membersPerPatch } = context.connection.provider.profile.groups;
  const none = { left: 0, groupsWithMembers: 0 };
  let left = 0;
  let groupsWithMembers = 0;
  for (const { anchor } of context.state().before?.groups ?? []) {
    const link = await groupLink(context, anchor);
    const found = link === undefined ? undefined : await membersOf(context, link);
    if (link === undefined || found === undefined) continue;
    for (let start = 0; start < found.members.length; start += membersPerPatch) {
      const chunk = found.members.slice(start, start + membersPerPatch);
      const outcome = await takeOutSafely(context, anchor, link, chunk);
      if (outcome !== undefined) return { ...none, outcome };
    }
    const after = await membersOf(context, (await groupLink(context, anchor)) ?? link);
    if (after === undefined || after.members.length === 0) continue;
    left += after.members.length;
    groupsWithMembers += 1;
  }
  return { left, groupsWithMembers };
}

/**
 * The canary: one account out of one group, before any other. Undefined once it is out of it and two looks have found the
 * account still there, or where anybody else was taken out before.
 */
async function emptyOne(context: StepContext): Promise<StepOutcome | undefined> {
  const { takenOut, carriedOut } = context.state();
  // As announced, also where a crash swallowed the outcome.
  const out = [...takenOut].flatMap(([group, members]) => [...members].map((member) => ({ group, member })));
  if (out.length > 1) return undefined;
  const canary = out[0] ?? (await chooseMember(context));
  if (canary === undefined) return undefined;
  const link = await groupLink(context, canary.group);
  const found = link === undefined ? undefined : await membersOf(context, link);
  if (link !== undefined && found?.members.includes(canary.member) === true) {
    if (carriedOut[context.step]?.has(emptyKey(canary.group, [canary.member])) === true)
      return notYet(context, `the one taken out first is still shown in SCIM group ${link.label}`);
    const outcome = await takeOutSafely(context, canary.group, link, [canary.member]);
    if (outcome !== undefined) return outcome;
  }
  return unlessLostLater(context, new Set([canary.member]), 'the one taken out first is still there');
}

async function chooseMember(context: StepContext): Promise<CanaryMember | undefined> {
  const { before } = context.state();
  if (before === undefined) return undefined;
  const now: GroupMembers[] = [];
  for (const { anchor } of before.groups) {
    const link = await groupLink(context, anchor);
    const found = link === undefined ? undefined : await membersOf(context, link);
    if (found !== undefined) now.push({ anchor, scimGroup: found });
  }
  return canaryMember(before, now);
}

/** Takes members out once it is sure that all of the group are covered, and looks whether they are still there. */
async function takeOutSafely(
  context: StepContext,
  group: Anchor,
  link: Link,
  members: readonly ResourceId[],
): Promise<StepOutcome | undefined> {
  if (await context.interrupted()) return { is: 'left' };
  const uncovered = await unlessCovered(context, group);
  if (uncovered !== undefined) return uncovered;
  // Read anew: the link remembers who is left in, and what was taken out before has changed that.
  const gone = await takeOut(context, (await groupLink(context, group)) ?? link, members).then(
    () => false,
    (error: unknown) => {
      if (error instanceof NotFoundError) return true;
      throw error;
    },
  );
  const lost = await unlessLost(context, new Set(members));
  if (lost !== undefined || !gone) return lost;
  // Somebody else deletes groups, too: the next look tells whether it is gone.
  return notYet(context, `SCIM group ${link.label} was not found when members were to be taken out`);
}
