import type { Anchor } from '../directory.ts';
import { groupsGivenAway } from '../planning/given-away.ts';
import type { PlanInput } from '../planning/plan-input.ts';
import { listed } from '../reasons.ts';
import type { FindingCode, Survey, SurveyedGroup, SurveyFinding } from './survey.ts';

/** Entra: at most 1,500 app role assignments; whether that counts an application's own is not said, so it is asked about. */
const ASSIGNMENT_LIMIT = 1500;

/** What findings are made of. */
export type Facts = Omit<Survey, 'findings' | 'digest' | 'job'>;

/** One finding, or none where nothing is concerned. */
export function finding(
  code: FindingCode,
  severity: SurveyFinding['severity'],
  text: string,
  anchors: readonly Anchor[],
): readonly SurveyFinding[] {
  return anchors.length === 0 ? [] : [{ code, severity, text, anchors: anchors.toSorted() }];
}

export function groupNames(groups: readonly SurveyedGroup[]): string {
  return listed(groups.map(({ name }) => name));
}

/** What the SCIM groups that are to go are like at the provider. */
export function aboutScimGroups(input: PlanInput, { groups, users }: Facts): readonly SurveyFinding[] {
  const { profile, inventory, rules } = input;
  const strangers = groupsGivenAway(input);
  const given = groups.flatMap(({ anchor }) => strangers.get(anchor) ?? []);
  const there = groups.filter(({ scimGroup }) => scimGroup !== undefined);
  const listedIds = new Set(inventory.groups.resources.map(({ id }) => id));
  const unverified = there.filter(({ scimGroup }) => scimGroup !== undefined && !listedIds.has(scimGroup.id));
  const unread = there.filter(({ scimGroup }) => scimGroup !== undefined && scimGroup.members === undefined);
  const foreign = there.filter(({ scimGroup }) => (scimGroup?.foreign ?? 0) > 0);
  const inhabited = new Set(
    users.flatMap(({ account, filtered, paths }) =>
      account === undefined || filtered === true ? [] : paths.map(({ group }) => group),
    ),
  );
  const doubtful = there.filter(({ anchor, scimGroup }) => scimGroup?.members?.length === 0 && inhabited.has(anchor));
  const { deleteCascades: cascades, accessBeside: beside } = profile.groups;
  const ids = (some: readonly SurveyedGroup[]) => some.map(({ anchor }) => anchor);
  return [
    ...finding(
      'group-unverified',
      'refuse',
      `the provider's listing cannot be trusted and does not show: ${groupNames(unverified)}`,
      ids(unverified),
    ),
    ...finding(
      'group-given-away',
      'refuse',
      `SCIM groups that are not those of the directory groups any more: ${listed(given.map(({ link, whose }) => `${link.resourceId}, linked for ${link.label} (${whose})`))}. Where one is theirs, give it back its displayName or externalId at the provider; where not, forget the link: headgate connection forget-vanished -c ${rules.name}`,
      given.map(({ link }) => link.anchor),
    ),
    ...finding(
      'members-doubtful',
      'refuse',
      `the provider shows nobody in ${groupNames(doubtful)}, where people with accounts belong: it hides them, or they were taken out by hand. Run a full cycle; if it stays so, the members cannot be seen, and whether the groups were emptied could not either`,
      ids(doubtful),
    ),
    ...finding(
      'members-unreadable',
      cascades ? 'refuse' : 'consent',
      `the provider does not show who is in ${groupNames(unread)}: whether they were emptied cannot be seen${cascades ? ', and deleting one may remove the accounts of its members' : ''}`,
      ids(unread),
    ),
    ...finding(
      'foreign-members',
      cascades ? 'refuse' : 'consent',
      `in ${groupNames(foreign)} there are members whom Headgate did not put there; they lose this group too`,
      ids(foreign),
    ),
    ...finding(
      'access-by-groups',
      'consent',
      `with ${groupNames(there)} people may lose ${beside}, although their accounts stay as they are, and no read here would show it: give it to them there in another way first`,
      beside === null ? [] : ids(there),
    ),
    ...finding(
      'deletes-cascade',
      'note',
      'this provider may remove the accounts of a deleted group’s members: groups are emptied and one is deleted first, as a canary',
      cascades && there.length > 0 ? [rules.name] : [],
    ),
  ];
}

/** What the groups that are to go are like in the directory. */
export function aboutDirectoryGroups({ directory, rules }: PlanInput, facts: Facts): readonly SurveyFinding[] {
  const ids = facts.groups.map(({ anchor }) => anchor);
  const flagged = (flag: 'dynamic' | 'onPremises' | 'mailEnabled' | 'roleAssignable') =>
    ids.filter((id) => directory.groups.get(id)?.[flag] === true);
  const nested = ids.filter((id) => (directory.memberships.get(id)?.nestedGroups.length ?? 0) > 0);
  const counted =
    rules.scope.nestedGroups === 'expand' ? 'their members are counted' : 'their members were never in scope';
  const needed = facts.users.reduce((sum, { missing }) => sum + missing.length, 0);
  const total = facts.directAssignments + needed;
  return [
    ...finding(
      'dynamic-group',
      'note',
      'members of dynamic groups may change at any moment; whoever joins is assigned directly too',
      flagged('dynamic'),
    ),
    ...finding(
      'on-premises-group',
      'note',
      'mastered on premises; only its assignment is removed',
      flagged('onPremises'),
    ),
    ...finding('mail-enabled-group', 'note', 'mail-enabled; only its assignment is removed', flagged('mailEnabled')),
    ...finding(
      'role-assignable-group',
      'note',
      'role-assignable; only its assignment is removed',
      flagged('roleAssignable'),
    ),
    ...finding('nested-groups', 'note', `groups inside groups: ${counted}`, nested),
    ...finding(
      'assignment-limit',
      'consent',
      `${total} direct assignments would be needed, and Entra allows ${ASSIGNMENT_LIMIT} app role assignments to an object; whether that counts an application is not documented`,
      total > ASSIGNMENT_LIMIT ? [facts.application.id] : [],
    ),
  ];
}
