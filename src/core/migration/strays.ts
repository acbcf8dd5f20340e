import type { Anchor, DirectorySnapshot } from '../directory.ts';
import { digestOf } from '../plan.ts';
import { counted, listed } from '../reasons.ts';
import type { MigrationState } from './state.ts';
import type { Survey, SurveyFinding } from './survey.ts';

type Known = Pick<MigrationState, 'made' | 'before' | 'strays' | 'kind'>;

/**
 * Users whom the migration has assigned directly, who still are, and to whom none of its groups gives that role any more:
 * they left since. While a group is not assigned nobody can tell who is in it: then those found before.
 */
function straysOf(
  { made, before, strays }: Known,
  { groups, users }: Pick<Survey, 'groups' | 'users'>,
  { assignments }: Pick<DirectorySnapshot, 'assignments'>,
): readonly Anchor[] {
  const direct = new Set(assignments.map(({ principal, roleId }) => `${principal} ${roleId}`));
  const isDirect = (user: Anchor, roleId: string) => direct.has(`${user} ${roleId}`);
  const assigns = made.flatMap(({ change }) => (change?.kind === 'assign' ? [change] : []));
  const live = assigns.filter(({ principal, roleId }) => isDirect(principal, roleId));
  const had = new Set(before?.groups.flatMap(({ anchor, assignments: all }) => (all.length > 0 ? [anchor] : [])));
  const unread = groups.some(({ anchor, assignments: all }) => had.has(anchor) && all.length === 0);
  const going = new Set(groups.map(({ anchor }) => anchor));
  const given = new Set(
    users.flatMap(({ anchor, paths }) =>
      paths.flatMap(({ group, roleId }) => (group !== undefined && going.has(group) ? [`${anchor} ${roleId}`] : [])),
    ),
  );
  const left = live.flatMap(({ principal, roleId }) => {
    if (going.has(principal)) return [];
    const isStray = unread ? strays.has(principal) : !given.has(`${principal} ${roleId}`);
    return isStray ? [principal] : [];
  });
  return [...new Set(left)].sort();
}

/** What a survey says of whoever would keep access by a direct assignment of the migration alone. A yes is a yes to them, too. */
export function withStrays(survey: Survey, known: Known, directory: DirectorySnapshot): Survey {
  const anchors = straysOf(known, survey, directory);
  if (anchors.length === 0) return survey;
  const names = anchors.map((anchor) => {
    const name = directory.users.get(anchor)?.attributes['userPrincipalName'];
    return typeof name === 'string' ? name : anchor;
  });
  const finding: SurveyFinding = {
    code: 'assigned-astray',
    severity: 'consent',
    text: `${counted(anchors.length, 'user was', 'users were')} assigned directly by this migration, and none of its groups reaches them so any more: ${listed(names)}. They keep access. ${known.kind === 'disable-scim' ? 'If they should not, disable their accounts at the provider by hand once it is over' : 'If they should not, unassign them in Entra once it is over: the next cycle takes it away'}`,
    anchors,
  };
  return {
    ...survey,
    findings: [finding, ...survey.findings],
    digest: digestOf({ survey: survey.digest, strays: anchors }),
  };
}
