import type { RehearsalAsk } from '../ports/migration-operator.ts';
import type { CopiedState } from './copy-state.ts';
import { unseenMembers } from './provider-state.ts';

/** What a rehearsal cannot know, in words for the person who decides. */
export function unknownOf(copied: CopiedState, { kind }: RehearsalAsk): readonly string[] {
  const { profile, inventory, directory, rules } = copied.facts;
  const doubts = [...inventory.accounts.doubts, ...inventory.groups.doubts];
  const unseen = unseenMembers(copied).length;
  const nested = [...directory.memberships.values()].flatMap(({ nestedGroups }) => nestedGroups).length;
  return [
    `How the real provider answers: the sandbox does what the profile "${profile.name}" says. What it does beyond that can be assumed with --assume, and seen for certain only at the canary.`,
    'Who joins, leaves or is changed by hand between now and the migration. It reads everything anew before each step.',
    'How long it takes: replicas, throttling, pace and the people at the gates are left out here.',
    ...(kind === 'disable-scim' ? ['Whether the token is really revoked at the provider; here it was.'] : []),
    ...(doubts.length > 0 ? [`What the provider’s listing did not show: ${doubts.join('; ')}.`] : []),
    ...(unseen > 0
      ? [
          `Who ${unseen} members of SCIM groups are whom the listing of accounts does not show; they stand here as active.`,
        ]
      : []),
    ...(nested > 0 && rules.scope.nestedGroups === 'direct'
      ? ['Who is in the groups inside the groups: they are not in scope, and were not copied.']
      : []),
    ...copied.survey.findings.flatMap(({ code, text }) => (code === 'native-job-unseen' ? text : [])),
  ];
}
