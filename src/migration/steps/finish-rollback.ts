import type { JournalEntry, MembersOut } from '../../core/migration/journal.ts';
import { leaverNames, leaversOf, strandedAmong, type Leaver } from '../../core/migration/leavers.ts';
import { namesOf, ownAssignments, withdrawKey, withdrawnAmong } from '../../core/migration/own-assignments.ts';
import { keptOut, stillOut, type StillOut } from '../../core/migration/still-out.ts';
import type { Survey, SurveyedGroup } from '../../core/migration/survey.ts';
import { unreadOf } from '../../core/migration/survey.ts';
import type { Planned } from '../../core/planning/plan-cycle.ts';
import type { PlanInput } from '../../core/planning/plan-input.ts';
import { counted, listed } from '../../core/reasons.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { takeSurvey } from '../survey.ts';
import { leftBefore } from './left-before.ts';
import { later, lostAccounts, lostWords, notYet, seenTwice } from './look.ts';
import { freezeJob } from './pause-job.ts';

/** People named one by one in the end's text at most. */
const MOST_NAMED = 50;

function isAssigned({ groups }: Survey, { anchor }: SurveyedGroup): boolean {
  return groups.some((group) => group.anchor === anchor && group.assignments.length > 0);
}

/**
 * The end of a rollback. Looks at what is there now: somebody may have left, been taken away by hand, or lost every way in while
 * it went back. The next cycle would take whoever is without one, so that is not left to it.
 */
export async function finishRollback(context: StepContext): Promise<StepOutcome> {
  const { connection, ports, signal } = context;
  const state = context.state();
  const { kind, groups, before } = state;
  if (before === undefined) return { is: 'done', text: 'nothing had been done' };
  const { survey, facts, due } = await takeSurvey(connection, ports, { kind, groups }, signal);
  const unread = unreadOf(survey);
  if (unread !== undefined) return notYet(context, unread);
  const missing = lostAccounts(before.accounts, survey.accounts);
  const out = before.groups.filter((group) => group.assignments.length > 0 && !isAssigned(survey, group));
  const names = out.map(({ name }) => name);
  const again = `${counted(before.groups.length - out.length, 'group is', 'groups are')} assigned again as before`;
  const gone = `${counted(out.length, 'is', 'are')} not, deleted in the directory or unassigned by hand since: ${listed(names)}`;
  const staying = ownAssignments(state, facts.directory.assignments);
  if (withdrawnAmong(state, staying).length > 0)
    return notYet(context, 'direct assignments were withdrawn and still show');
  const stranded = strandedAmong(leaversOf(due, survey), before, facts.directory);
  const doubt = await unlessSettled(context, stranded);
  if (doubt !== undefined) return doubt;
  const absent = notBackAmong(survey, stillOut(state, survey, facts.links), due);
  const earlier = await leftBefore(context, facts.directory.assignments);
  const users = namesOf(staying, [before, state.coverage], facts.directory.users);
  const text = [
    out.length === 0 ? again : `${again}; ${gone}`,
    ...(staying.length === 0 ? [] : [leftWords(staying.length, users)]),
    ...(earlier === undefined ? [] : [earlier]),
    ...(missing.length === 0 ? [] : [lostWords(missing)]),
    ...(absent.length === 0 ? [] : [notBackWords(absent, facts)]),
    ...(stranded.length === 0 ? [] : [strandedWords(connection.rules.name, stranded)]),
  ].join('; ');
  const stays = staying.map(withdrawKey);
  const first: readonly JournalEntry[] = [{ kind: 'surveyed', purpose: 'end', survey }];
  const notBack = absent.map(({ group, members }): MembersOut => ({ group: group.anchor, members }));
  const left = { ...(stays.length > 0 && { stays }), ...(notBack.length > 0 && { notBack }) };
  if (stranded.length === 0) return { is: 'done', text, first, ...left };
  return { is: 'done', text: `${text}${await freezeJob(context)}`, first, ...left, freezes: true };
}

/** Replicas disagree for a while: whoever seems to be without a way in is looked at twice, and so is that nobody is any more. */
async function unlessSettled(context: StepContext, stranded: readonly Leaver[]): Promise<StepOutcome | undefined> {
  const reads = context.state().sightings[context.step]?.reads ?? 0;
  if (stranded.length > 0) {
    if (reads > 0) return undefined;
    await context.sight(false, `${noWayIn(stranded)}: ${leaverNames(stranded)}`);
    return later(context);
  }
  if (reads === 0) return undefined;
  const seen = await seenTwice(context, 'everybody who has an account from before has a way in');
  return seen.is === 'done' ? undefined : seen;
}

function noWayIn({ length }: readonly Leaver[]): string {
  return counted(length, 'person has no way in any more', 'people have no way in any more');
}

function strandedWords(connection: string, stranded: readonly Leaver[]): string {
  return `${noWayIn(stranded)} and the next cycle would take their access: ${leaverNames(stranded, MOST_NAMED)}. The connection is paused so that none does. In Entra, assign them or a group of theirs; see that headgate plan -c ${connection} takes nobody away who should stay; then: headgate connection resume -c ${connection}`;
}

interface Absent extends Pick<MembersOut, 'members'> {
  readonly group: SurveyedGroup;
}

/**
 * Of groups that are there and show their members: others are told of as a whole, or cannot be looked into. Who was disabled
 * or filtered out should be out, unless the account is kept.
 */
function notBackAmong(survey: Survey, out: readonly StillOut[], due: Pick<Planned, 'plan'>): readonly Absent[] {
  const entitled = new Set(survey.users.flatMap((user) => (user.enabled && !user.filtered ? [user.anchor] : [])));
  const kept = new Set(keptOut(out, survey, due).flatMap(({ users }) => users.map(([user]) => user)));
  return out.flatMap(({ group, users, strangers }) => {
    const belong = users.filter(([user]) => entitled.has(user) || kept.has(user));
    const members = [...belong.map(([, id]) => id), ...strangers];
    return group.scimGroup?.members === undefined || members.length === 0 ? [] : [{ group, members }];
  });
}

function notBackWords(absent: readonly Absent[], { inventory }: PlanInput): string {
  const names = new Map(inventory.accounts.resources.map(({ id, userName }) => [id, userName]));
  const who = absent.flatMap(({ group, members }) => members.map((id) => `${names.get(id) ?? id} (${group.name})`));
  const many = counted(who.length, 'member of a SCIM group is', 'members of SCIM groups are');
  return `${many} not in it again, because the account is gone or the provider did not take it back: ${listed(who)}. Put back at the provider by hand whoever should be in`;
}

function leftWords(assignments: number, users: readonly string[]): string {
  const many = counted(assignments, 'direct assignment of the migration is', 'direct assignments of the migration are');
  return `${many} left, because no group that is assigned again gave its role, at each connection of the application, when it was to be withdrawn, or gives it still: ${listed(users)}. They keep access; unassign in Entra whoever should not`;
}
