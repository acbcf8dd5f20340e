import type { Sandbox } from '../../sandbox/sandbox.ts';

/** What the demo changes in the directory between its two cycles, in words for the screen. */
export interface DemoChanges {
  readonly told: readonly string[];
  /** userPrincipalName of the person who loses the only path. */
  readonly leaver: string;
}

interface Person {
  readonly id: string;
  readonly name: string;
}

function text(properties: Readonly<Record<string, unknown>>, name: string): string {
  const value = properties[name];
  return typeof value === 'string' ? value : '';
}

/** Enabled people by how they reach the application: through exactly one group, or directly. */
function findPeople({ tenant }: Sandbox) {
  const { organisation } = tenant;
  const at = organisation.version();
  const [acme] = [...organisation.servicePrincipals.values(at)];
  if (acme === undefined) throw new Error('the sandbox has no enterprise application');
  const assignments = [...organisation.assignments(acme.id).values(at)];
  const direct = new Set(
    assignments.filter(({ principalType }) => principalType === 'User').map(({ principalId }) => principalId),
  );
  const groups = new Set(
    assignments.filter(({ principalType }) => principalType === 'Group').map(({ principalId }) => principalId),
  );
  const throughOne: (Person & { readonly group: string })[] = [];
  const directly: Person[] = [];
  for (const user of organisation.users.values(at)) {
    if (user.properties['accountEnabled'] !== true) continue;
    const person = { id: user.id, name: text(user.properties, 'userPrincipalName') };
    const reaching = organisation.groupsOf(user.id, at).filter((group) => groups.has(group));
    const [group] = reaching;
    if (direct.has(user.id)) directly.push(person);
    else if (group !== undefined && reaching.length === 1) throughOne.push({ ...person, group });
  }
  return { throughOne, directly, application: acme.id };
}

/** A leaver, a promotion, a new colleague and a blocked sign-in: a handful of changes among hundreds of people. */
export function changeDirectory(sandbox: Sandbox): DemoChanges {
  const { control, organisation } = sandbox.tenant;
  const { throughOne, directly, application } = findPeople(sandbox);
  const [leaver] = throughOne;
  const [promoted, blocked] = directly;
  if (leaver === undefined || promoted === undefined || blocked === undefined)
    throw new Error('the organisation is too small for the demo');
  const groupName = text(
    organisation.groups.get(leaver.group, organisation.version())?.properties ?? {},
    'displayName',
  );
  control.removeMember(leaver.group, leaver.id);
  control.updateUser(promoted.id, { jobTitle: 'Chief Lock Keeper' });
  control.disableUser(blocked.id);
  const newcomer = `nora.newcomer@${organisation.domain}`;
  control.createUser({
    userPrincipalName: newcomer,
    displayName: 'Nora Newcomer',
    givenName: 'Nora',
    surname: 'Newcomer',
    mail: newcomer,
    mailNickname: 'nora.newcomer',
    accountEnabled: true,
    userType: 'Member',
  });
  control.assign({ principal: newcomer, application });
  control.advance();
  return {
    leaver: leaver.name,
    told: [
      `${leaver.name} leaves group ${groupName}, their only path to the application`,
      `${promoted.name} becomes Chief Lock Keeper`,
      `${newcomer} joins and is assigned directly`,
      `${blocked.name} may no longer sign in`,
    ],
  };
}
