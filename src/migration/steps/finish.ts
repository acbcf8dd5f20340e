import { leaverNames } from '../../core/migration/leavers.ts';
import type { JournalEntry, MembersOut } from '../../core/migration/journal.ts';
import { namesOf, ownAssignments, withdrawKey, withdrawnAmong } from '../../core/migration/own-assignments.ts';
import { afterLookText, sinceStandstill } from '../../core/migration/standstill.ts';
import { stillOut, type StillOut } from '../../core/migration/still-out.ts';
import type { Survey, SurveyedGroup } from '../../core/migration/survey.ts';
import { unreadOf } from '../../core/migration/survey.ts';
import type { PlanInput } from '../../core/planning/plan-input.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { takeSurvey } from '../survey.ts';
import { counted, listed } from '../../core/reasons.ts';
import { deadWords } from './job-token.ts';
import { lostAccounts, lostWords, notYet } from './look.ts';

/** The last line: what was reached, for whoever reads the report. The runner writes it. */
export async function finish(context: StepContext): Promise<StepOutcome> {
  const state = context.state();
  const { kind, mode, before, verified, coverage, nativeJobs } = state;
  const groups = before?.groups.length ?? 0;
  if (mode === 'rollback') return finishRollback(context);
  const accounts = verified?.accounts.length ?? 0;
  const leavers = verified?.leavers ?? [];
  const stay =
    leavers.length === 0
      ? ''
      : `; no cycle takes these away any more, disable them at the provider by hand: ${leaverNames(leavers)}`;
  const astray = coverage?.findings.find(({ code }) => code === 'assigned-astray');
  const dead = state.engine === 'entra' ? deadWords(state) : 'the token is dead';
  const off = kind === 'disable-scim' ? `; SCIM is switched off and ${dead}` : '';
  const after = sinceStandstill(nativeJobs);
  const as =
    after === undefined
      ? counted(accounts, 'account is as it was', 'accounts are as they were')
      : `${counted(accounts, 'account was', 'accounts were')} as before when last looked at. ${afterLookText(after)}`;
  return {
    is: 'done',
    text: `${counted(groups, 'group is', 'groups are')} gone, ${as}${off}${stay}${astray === undefined ? '' : `; ${astray.text}`}`,
  };
}

function isAssigned({ groups }: Survey, { anchor }: SurveyedGroup): boolean {
  return groups.some((group) => group.anchor === anchor && group.assignments.length > 0);
}

/** Looks at what is there now: somebody may have left, or been taken away by hand, while it went back. */
async function finishRollback(context: StepContext): Promise<StepOutcome> {
  const { connection, ports, signal } = context;
  const state = context.state();
  const { kind, groups, before } = state;
  if (before === undefined) return { is: 'done', text: 'nothing had been done' };
  const { survey, facts } = await takeSurvey(connection, ports, { kind, groups }, signal);
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
  const absent = notBackAmong(survey, stillOut(state, survey, facts.links));
  const users = namesOf(staying, [before, state.coverage], facts.directory.users);
  const text = [
    out.length === 0 ? again : `${again}; ${gone}`,
    ...(staying.length === 0 ? [] : [leftWords(staying.length, users)]),
    ...(missing.length === 0 ? [] : [lostWords(missing)]),
    ...(absent.length === 0 ? [] : [notBackWords(absent, facts)]),
  ].join('; ');
  const stays = staying.map(withdrawKey);
  const first: readonly JournalEntry[] = [{ kind: 'surveyed', purpose: 'end', survey }];
  const notBack = absent.map(({ group, members }): MembersOut => ({ group: group.anchor, members }));
  return { is: 'done', text, first, ...(stays.length > 0 && { stays }), ...(notBack.length > 0 && { notBack }) };
}

interface Absent extends Pick<MembersOut, 'members'> {
  readonly group: SurveyedGroup;
}

/**
 * Of groups that are there and show their members: others are told of as a whole, or cannot be looked into. Who was disabled
 * or filtered out since should be out.
 */
function notBackAmong(survey: Survey, out: readonly StillOut[]): readonly Absent[] {
  const entitled = new Set(survey.users.flatMap((user) => (user.enabled && !user.filtered ? [user.anchor] : [])));
  return out.flatMap(({ group, users, strangers }) => {
    const members = [...users.flatMap(([user, id]) => (entitled.has(user) ? [id] : [])), ...strangers];
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
  return `${many} left, because no group that is assigned again gave its role when it was to be withdrawn: ${listed(users)}. They keep access; unassign in Entra whoever should not`;
}
