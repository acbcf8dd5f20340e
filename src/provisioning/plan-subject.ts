import type { CycleSubject } from '../core/cycle.ts';
import type { Operation } from '../core/operation.ts';
import { counted, listed } from '../core/reasons.ts';
import { matchingTargets } from '../core/mapping/compile-mapping.ts';
import { isEntitled, scopeOf } from '../core/scope.ts';
import { compileFilters } from '../core/scoping-filter.ts';
import { isOfStandingHold } from '../core/standing-holds.ts';
import { shownOperation } from '../core/without-secrets.ts';
import { isUndecided, type Verdict } from '../core/verdict.ts';
import type { Connection } from '../ports/index.ts';
import type { MadePlan, OnDemandPlan, ProvisionStep } from '../ports/operator.ts';
import { concludeScope, explainUser, type KnownFacts } from './explain-user.ts';
import { gatherOnDemand, planAndJudge, type Preparation } from './prepare-cycle.ts';
import { resolveSubject } from './resolve-subject.ts';

type Request = Omit<Preparation, 'kind' | 'subject'>;

/**
 * Says what an on-demand cycle for one user or group would do, and why, step by step. It gathers, plans and judges as the
 * cycle itself does and writes nothing anywhere.
 */
export async function planSubject(request: Request, idOrName: string): Promise<OnDemandPlan> {
  const { connection, stores, signal } = request;
  const subject = await resolveSubject(connection, stores.links, idOrName, signal);
  const preparation = { ...request, kind: 'on-demand', subject } as const;
  const input = await gatherOnDemand(preparation);
  const { plan, verdict, waiting } = await planAndJudge(preparation, input);
  const shown = { ...plan, operations: plan.operations.map(shownOperation) };
  const made = { plan: shown, verdict, ...(waiting.length === 0 ? {} : { waiting }) };
  const before =
    subject.resource === 'user'
      ? userSteps(connection, input, subject, made)
      : groupSteps(connection, input, subject, made);
  return {
    connection: connection.rules.name,
    subject,
    ...made,
    steps: [...before, actionStep(made), guardStep(verdict)],
  };
}

function userSteps(
  connection: Connection,
  facts: KnownFacts,
  { anchor, name }: CycleSubject,
  made: MadePlan,
): readonly ProvisionStep[] {
  const { user, paths, mapped } = explainUser(connection, facts, anchor);
  const known = facts.directory.users.get(anchor);
  const where = facts.directory.whereabouts.get(anchor);
  const presence =
    user === undefined ? (where ?? 'not to be located') : user.enabled ? 'present' : 'present, sign-in blocked';
  const values = Object.entries(mapped).map(([path, value]) => `${path} = ${JSON.stringify(value)}`);
  return [
    { step: 'import', text: `user ${name} (${anchor}) in the directory: ${presence}` },
    { step: 'scope', text: concludeScope(known, paths, where, compileFilters(connection.rules.scope.filters)) },
    { step: 'match', text: matchText(connection, facts, 'account', anchor, made) },
    { step: 'mapping', text: counted(values.length, 'attribute'), details: values },
  ];
}

function groupSteps(
  connection: Connection,
  facts: KnownFacts,
  { anchor, name }: CycleSubject,
  made: MadePlan,
): readonly ProvisionStep[] {
  const { directory } = facts;
  const scope = scopeOf(directory, connection.rules);
  const membership = directory.memberships.get(anchor);
  const members = scope.membersOf(anchor);
  const enabled = members.filter((user) => directory.users.get(user)?.enabled === true);
  const entitled = enabled.filter((user) => isEntitled(scope, directory.users.get(user)));
  const filtered = enabled.length - entitled.length;
  const nested = membership?.nestedGroups.length ?? 0;
  const others = membership?.others ?? 0;
  const isAssigned = scope.groups.includes(anchor);
  const inside = `${counted(members.length, 'user')}${nested > 0 ? `, ${counted(nested, 'nested group')}` : ''}${others > 0 ? `, ${counted(others, 'other member')}` : ''}`;
  return [
    {
      step: 'import',
      text: `group ${name} (${anchor}): ${isAssigned ? inside : 'its members are not read, since it is not assigned'}`,
    },
    {
      step: 'scope',
      text: isAssigned
        ? `assigned to the application; ${entitled.length} of its users are entitled, ${members.length - enabled.length} may not sign in${filtered === 0 ? '' : `, ${filtered} are let in by no scoping filter`}`
        : 'not assigned to the application',
    },
    { step: 'match', text: matchText(connection, facts, 'group', anchor, made) },
  ];
}

/** Which account, or SCIM group, belongs to the subject, and how that is known. */
function matchText(
  { mapping }: Connection,
  { links }: KnownFacts,
  resource: 'account' | 'group',
  anchor: string,
  { plan }: MadePlan,
): string {
  const what = resource === 'account' ? 'account' : 'SCIM group';
  const own = plan.operations.filter((operation) => operation.resource === resource && operation.anchor === anchor);
  const matched = own.find((operation) => 'matchedBy' in operation && operation.matchedBy !== undefined);
  if (matched !== undefined && 'matchedBy' in matched)
    return `${what} ${matched.resourceId ?? '?'} matches by ${matched.matchedBy ?? '?'}`;
  const link = links.find((known) => known.resource === resource && known.anchor === anchor);
  if (own.some(({ kind }) => kind === 'create')) {
    const keys = resource === 'account' ? matchingTargets(mapping) : ['externalId', 'displayName'];
    const gone = link === undefined || link.state === 'deleted' ? '' : `the linked ${what} is gone; `;
    return `${gone}no ${what} is joined by ${listed(keys)}`;
  }
  if (link === undefined || link.state === 'deleted') return `no ${what} is linked`;
  const origin = link.origin === 'created' ? 'created by Headgate' : `matched by ${link.origin}`;
  return `linked to ${what} ${link.resourceId}, ${link.state}, ${origin}`;
}

function actionStep({ plan, waiting = [] }: MadePlan): ProvisionStep {
  const later = waiting.map(
    ({ label, action, dueAt, reason }) => `later: ${action} ${label} at ${new Date(dueAt).toISOString()}: ${reason}`,
  );
  const details = [...plan.operations.map(operationText), ...plan.notices.map(({ text }) => `note: ${text}`), ...later];
  const count = plan.operations.length;
  const text = count === 0 ? 'nothing to do now' : counted(count, 'operation');
  return { step: 'action', text, ...(details.length === 0 ? {} : { details }) };
}

function operationText(operation: Operation): string {
  const paths = 'attributes' in operation ? operation.attributes.map(({ path }) => path) : [];
  const changes = operation.kind === 'create' || paths.length === 0 ? '' : ` (${listed(paths, 8)})`;
  return `${operation.kind} ${operation.resource} ${operation.label}: ${operation.reason.text}${changes}`;
}

function guardStep({ refused, findings }: Verdict): ProvisionStep {
  if (findings.length === 0) return { step: 'guards', text: 'no guard objects' };
  const details = findings.map(({ guard, effect, message, remedy, approved }) => {
    if (approved !== undefined) return `${guard} would hold, but hold ${approved.hold} was approved by ${approved.by}`;
    const what = effect === 'refuse' ? 'refuses the plan' : effect === 'hold' ? 'holds' : 'says';
    return `${guard} ${what}: ${message}. ${remedy}`;
  });
  const open = findings.some((finding) => isUndecided(finding) && !isOfStandingHold(finding));
  // On demand no hold is opened: one subject says nothing about a whole plan.
  const toDecide = open
    ? ['on demand no hold is made: the next full or incremental cycle makes one; then decide: headgate holds list']
    : [];
  const count = counted(findings.length, 'finding');
  return { step: 'guards', text: refused ? 'the plan would be refused' : count, details: [...details, ...toDecide] };
}
