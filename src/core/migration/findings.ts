import type { Anchor } from '../directory.ts';
import type { GuardedCredential } from '../guards/token-owner.ts';
import { isAccountRemoval, type Operation } from '../operation.ts';
import type { PlanInput } from '../planning/plan-input.ts';
import { counted, listed } from '../reasons.ts';
import { elsewhereFindings, type Elsewhere } from './elsewhere-findings.ts';
import { aboutDirectoryGroups, aboutScimGroups, finding, groupNames, type Facts } from './group-findings.ts';
import { jobFindings, otherEngineFindings } from './job-findings.ts';
import type { MigrationOptions } from './migration.ts';
import type { NoAccount } from './no-account.ts';
import { ownerFindings } from './owner-findings.ts';
import type { FindingCode, Survey, SurveyedJobs, SurveyFinding } from './survey.ts';
import { aboutUsers } from './user-findings.ts';

/** What a survey has to know beside what one connection reads of its directory and its provider. */
export interface Surroundings {
  /** What a full cycle would do if it ran now. */
  readonly due: readonly Operation[];
  /** Members of whom it is known why they have no account. */
  readonly noAccounts: ReadonlyMap<Anchor, NoAccount>;
  readonly jobs: SurveyedJobs;
  readonly elsewhere: Elsewhere;
  /** Those of every connection. */
  readonly credentials: readonly GuardedCredential[];
}

function aboutReads({ directory, rules }: PlanInput, { groups, kind }: Facts): readonly SurveyFinding[] {
  const named = new Set(groups.map(({ anchor }) => anchor));
  const added = directory.assignments.filter(
    ({ principalKind, principal }) => principalKind === 'group' && !named.has(principal) && kind === 'disable-scim',
  );
  const gaps = directory.gaps.map(({ what }) => what);
  const absent = groups.filter(({ assignments, scimGroup }) => assignments.length === 0 && scimGroup === undefined);
  const nothing = groups.length === 0 && kind === 'remove-groups' ? [rules.name] : [];
  return [
    ...finding(
      'incomplete-read',
      'refuse',
      `the directory could not be proved to be read completely: ${listed(gaps)}. That may pass in a moment; if it stays so, check the permissions of the directory application`,
      gaps,
    ),
    ...finding(
      'group-added',
      'refuse',
      'groups were assigned since the migration was started: unassign them again, or abort and start anew',
      [...new Set(added.map(({ principal }) => principal))],
    ),
    ...finding('no-groups', 'refuse', 'no group was named; name those that are to go with --groups', nothing),
    ...finding(
      'unknown-group',
      'refuse',
      `neither assigned to the application nor provisioned by this connection: ${groupNames(absent)}`,
      absent.map(({ anchor }) => anchor),
    ),
  ];
}

/** What a full cycle would do if it ran now: removals must have happened before, the rest waits until after. */
function aboutDue(operations: readonly Operation[], { rules }: PlanInput, { groups }: Facts): readonly SurveyFinding[] {
  const going = new Set(groups.map(({ anchor }) => anchor));
  const due = operations.filter(({ resource, anchor }) => resource === 'account' || !going.has(anchor));
  const removals = due.filter(isAccountRemoval);
  const others = due.filter((operation) => !isAccountRemoval(operation));
  const mend =
    rules.engine === 'entra' ? "assign them again before Entra's next cycle" : 'assign them again, or enable them';
  const labels = removals.map(({ label, reason }) => `${label} (${reason.text})`);
  return [
    ...finding(
      'removals-due',
      'refuse',
      `a full cycle would now take access from ${removals.length}: ${listed(labels)}. If that is wrong, ${mend}; if it is meant, let a cycle do it first: a migration must not remove anybody`,
      removals.map(({ anchor }) => anchor),
    ),
    ...finding(
      'changes-due',
      'note',
      `a full cycle would now make ${counted(others.length, 'other change', 'other changes')}, to wait until the migration is over`,
      // What Entra's engine would change, only its own mapping tells.
      rules.engine === 'entra' ? [] : [...new Set(others.map(({ anchor }) => anchor))],
    ),
  ];
}

/**
 * Whom Entra made an account is known by who is in scope now. Whoever has just left the scope, because a group was
 * unassigned too early, has an account that seems to be nobody's, until Entra's next cycle takes it away.
 */
function aboutUnclaimed({ inventory, links }: PlanInput): readonly SurveyFinding[] {
  const claimed = new Set(
    links
      .filter(({ resource, state }) => resource === 'account' && state !== 'deleted')
      .map(({ resourceId }) => resourceId),
  );
  const unclaimed = inventory.accounts.resources.filter(({ id, active }) => active && !claimed.has(id));
  const userNames = listed(unclaimed.map(({ userName }) => userName).toSorted());
  return finding(
    'unclaimed-accounts',
    'consent',
    `${unclaimed.length} active accounts at the provider belong to nobody in scope: ${userNames}. If Entra made them (was a group unassigned already?), its next cycle takes them away: assign their users again before it. If people made them at the provider, they stay as they are`,
    unclaimed.map(({ id }) => id),
  );
}

/** Everything the survey has to say, gravest first. `credentials` are those of every connection. */
export function findingsOf(
  facts: Facts,
  input: PlanInput,
  { due: operations, noAccounts, jobs, elsewhere, credentials }: Surroundings,
): readonly SurveyFinding[] {
  const rank = { refuse: 0, consent: 1, note: 2 } as const;
  const due = aboutDue(operations, input, facts);
  const removed = due.find(({ code }) => code === 'removals-due')?.anchors ?? [];
  const { links, rules } = input;
  const engine = rules.engine === undefined ? {} : { engine: rules.engine };
  return [
    ...aboutReads(input, facts),
    ...aboutUsers(facts, noAccounts, rules.engine),
    ...due,
    ...ownerFindings({ users: facts.users, uncovered: facts.uncovered, removed, links, ...engine, credentials }),
    ...aboutScimGroups(input, facts),
    ...aboutDirectoryGroups(input, facts),
    ...elsewhereFindings(elsewhere, facts),
    ...(jobs.engine === 'entra'
      ? [...jobFindings(jobs.jobs, facts), ...aboutUnclaimed(input)]
      : otherEngineFindings(jobs.others, facts)),
  ].toSorted((a, b) => rank[a.severity] - rank[b.severity]);
}

/**
 * What stands in the way of a beginning and not of going on: the groups are gone by and by, and whoever joins meanwhile is
 * assigned directly and gets an account from the first cycle after the migration.
 */
const ONLY_BEFORE: ReadonlySet<FindingCode> = new Set([
  'unknown-group',
  'user-unlinked',
  'user-without-account',
  'user-disabled',
  'members-doubtful',
  'unclaimed-accounts',
]);

/** What is asked about at the gate itself, by name: nothing is taken from anybody, and it comes up under way. */
const AT_THE_GATE: ReadonlySet<FindingCode> = new Set(['assigned-astray']);

/** What the survey says to one who begins, or to a migration that goes on. */
export function findingsFor(survey: Survey, when: 'beginning' | 'going-on'): readonly SurveyFinding[] {
  return survey.findings.filter(({ code }) => when === 'beginning' || !ONLY_BEFORE.has(code));
}

/** The findings that stand in the way, given what was accepted. */
export function obstacles(
  survey: Survey,
  { accept }: Pick<MigrationOptions, 'accept'>,
  when: 'beginning' | 'going-on' = 'beginning',
): readonly SurveyFinding[] {
  return findingsFor(survey, when).filter(
    ({ code, severity }) =>
      severity === 'refuse' ||
      (severity === 'consent' && !AT_THE_GATE.has(code) && !accept.some((accepted) => accepted === code)),
  );
}
