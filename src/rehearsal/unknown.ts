import { counted, listed } from '../core/reasons.ts';
import type { RehearsalAsk } from '../ports/migration-operator.ts';
import type { CopiedState } from './copy-state.ts';
import { unseenMembers } from './provider-state.ts';

/** People named in one sentence at most. */
const MOST_NAMED = 20;

/** What of Entra's own job is not read, and how it is played instead. `made`: names of accounts it made here. */
function unknownOfNativeJob({ survey }: CopiedState, made: readonly string[]): readonly string[] {
  const inactive = survey.users.filter(({ enabled, account }) => enabled && account?.active === false);
  return [
    'What the mapping and scoping rules of Entra’s job are: its schema is not read. The job played here has everybody in scope who may sign in and is assigned, or a direct member of an assigned security group; it holds the accounts and groups for its own that the mapping of this connection matches, looks for others by userName, and writes no attribute of an account that is there.',
    'What Entra’s job remembers of groups and their members cannot be read: the job here believes that it has done all it had to do.',
    ...(inactive.length > 0
      ? [
          `Whether Entra’s job makes the accounts of ${listed(
            inactive.map(({ label }) => label),
            MOST_NAMED,
          )} active again when it sees them assigned; here they stay as they are.`,
        ]
      : []),
    ...(made.length > 0
      ? [
          `Whether ${listed(made, MOST_NAMED)} have an account already: the mapping of this connection matches none, and Entra’s job made ${counted(made.length, 'account')} here that ${made.length === 1 ? 'was' : 'were'} not there. If they have one under another name, look in Entra whether its job finds it; else it is made twice, with or without a migration.`,
        ]
      : []),
    ...survey.findings.flatMap(({ code, text }) =>
      code === 'unclaimed-accounts' ? `${text}. Here nobody takes them away.` : [],
    ),
  ];
}

/** What a rehearsal cannot know, in words for the person who decides. `made`: names of accounts that were not there before. */
export function unknownOf(copied: CopiedState, { kind }: RehearsalAsk, made: readonly string[]): readonly string[] {
  const { profile, inventory, directory, rules } = copied.facts;
  const doubts = [...inventory.accounts.doubts, ...inventory.groups.doubts];
  const unseen = unseenMembers(copied).length;
  const nested = [...directory.memberships.values()].flatMap(({ nestedGroups }) => nestedGroups).length;
  return [
    `How the real provider answers: the sandbox does what the profile "${profile.name}" says. What it does beyond that can be assumed with --assume, and seen for certain only at the canary.`,
    'Who joins, leaves or is changed by hand between now and the migration. It reads everything anew before each step.',
    'How long it takes: replicas, throttling, pace and the people at the gates are left out here.',
    ...(copied.beside.length > 0
      ? [
          `What becomes of people at ${listed(copied.beside, MOST_NAMED)}, of the same application or service provider: nothing of them is on the copy. What the groups that are to go mean there was asked of the real ones (access-elsewhere, group-elsewhere, shared-group).`,
        ]
      : []),
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
    ...(rules.engine === 'entra' ? unknownOfNativeJob(copied, made) : []),
    ...copied.survey.findings.flatMap(({ code, text }) => (code === 'native-job-unseen' ? text : [])),
  ];
}
