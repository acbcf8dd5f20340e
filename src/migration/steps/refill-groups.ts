import type { Anchor } from '../../core/directory.ts';
import type { Survey, SurveyedGroup } from '../../core/migration/survey.ts';
import type { ResourceId } from '../../core/scim.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { takeSurvey } from '../survey.ts';
import { groupLink, putBack, refillKey } from './group-changes.ts';
import { later, notYet, seenTwice } from './look.ts';
import { deletedGroups } from './not-found.ts';
import { counted } from '../../core/reasons.ts';

/**
 * Puts back into the SCIM groups whom the migration took out of them, where Entra has not done so: it never reads members,
 * and takes those of a group it has not deleted for still there. Only who is a member of the directory group now.
 */
export async function refillGroups(context: StepContext): Promise<StepOutcome> {
  const { takenAway, takenOut, kind, before } = context.state();
  if (!takenAway) return { is: 'done', text: 'nothing had been taken away' };
  await context.begin();
  const { connection, ports, signal } = context;
  const groups = before?.groups.map(({ anchor }) => anchor) ?? [];
  const { survey, assumed } = await takeSurvey(connection, ports, { kind, groups }, signal);
  const unread = survey.findings.find(({ code }) => code === 'incomplete-read' || code === 'group-unverified');
  if (unread !== undefined) return notYet(context, unread.text);
  if (assumed.length > 0) {
    const text = `${assumed.length} accounts and groups of Entra's making were matched`;
    await context.append([{ kind: 'seen', step: context.step, complete: false, text }], assumed);
  }
  let sent = false;
  for (const group of survey.groups) {
    const out = takenOut.get(group.anchor);
    if (out === undefined) continue;
    const outcome = await refill(context, survey, group, out);
    if (outcome === 'sent') sent = true;
    else if (outcome !== undefined) return outcome;
  }
  return sent ? later(context) : seenTwice(context, 'the SCIM groups have everybody again who was taken out of them');
}

/** Sends what one group lacks; `sent` when it did, undefined when it lacks nothing. */
async function refill(
  context: StepContext,
  { users }: Survey,
  { anchor, name, assignments, scimGroup }: SurveyedGroup,
  out: ReadonlySet<ResourceId>,
): Promise<StepOutcome | 'sent' | undefined> {
  if (assignments.length === 0) {
    if ((await deletedGroups(context, [anchor])).has(anchor)) return undefined;
    return { is: 'reopen', step: 'reassign-groups', why: `group ${name} is not assigned any more` };
  }
  const link = await groupLink(context, anchor);
  if (scimGroup === undefined || link === undefined)
    return {
      is: 'stop',
      why: `a whole cycle of Entra's provisioning did not make SCIM group ${name} again: see its logs, then resume`,
    };
  const members = new Set(scimGroup.members);
  const missing = users.flatMap(({ anchor: user, account, paths }): readonly (readonly [Anchor, ResourceId])[] => {
    if (account === undefined || !out.has(account.id) || members.has(account.id)) return [];
    return paths.some(({ group }) => group === anchor) ? [[user, account.id]] : [];
  });
  const { membersPerPatch } = context.connection.provider.profile.groups;
  let sent = false;
  for (let start = 0; start < missing.length; start += membersPerPatch) {
    const chunk = new Map(missing.slice(start, start + membersPerPatch));
    const known = context.state().carriedOut[context.step]?.has(refillKey(anchor, [...chunk.values()])) === true;
    // Where members are not shown, that they were put back once is all there is to know.
    if (known && scimGroup.members === undefined) continue;
    if (known)
      return notYet(
        context,
        `${counted(missing.length, 'member was', 'members were')} put back into ${name} and not shown yet`,
      );
    if (await context.interrupted()) return { is: 'left' };
    await putBack(context, link, chunk);
    sent = true;
  }
  return sent ? 'sent' : undefined;
}
