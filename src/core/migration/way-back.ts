import { listed } from '../reasons.ts';
import type { MigrationState } from './state.ts';
import type { SurveyedGroup } from './survey.ts';

type Succeeded = Pick<MigrationState, 'connection' | 'kind' | 'engine' | 'before' | 'ended'>;

/** Stands for no role, where an application declares none. */
const NO_ROLE = '00000000-0000-0000-0000-000000000000';
/** Groups that are named; the report has all. */
const NAMED = 10;

/**
 * How people get back what a migration that has succeeded took away: by hand, as nothing may be rolled back any more.
 * Undefined while it is not at that end.
 */
export function wayBack({ connection, kind, engine, before, ended }: Succeeded): string | undefined {
  if (ended?.result !== 'succeeded' || before === undefined) return undefined;
  const application = before.application.displayName;
  const all = before.groups.length > NAMED ? ` (all are in: headgate migration report ${connection} --json)` : '';
  const groups = `assign ${listed(before.groups.map(withRoles), NAMED)}${all} again to ${application} in Entra`;
  const who = engine === 'entra' ? "Entra's next cycle" : 'the next cycle';
  const anew = `makes the SCIM groups anew, with other ids, and puts in who is in the groups by then`;
  const kept =
    'Leave the direct assignments until that is done: whoever has one keeps the account meanwhile. Who was put into a SCIM group by hand is put in by hand again';
  if (kind === 'remove-groups') return `${groups}. ${capital(who)} ${anew}. ${kept}`;
  const begin =
    engine === 'entra'
      ? `generate a new token at the provider, enter it in Entra's provisioning of ${application}, take ${connection} out of the configuration (or give it another name), and start provisioning there`
      : `generate a new token at the provider, and put a connection of another name, for the same application and provider, into the configuration instead of ${connection}, which stays switched off. Its plan shows that it links the accounts that are there by its matching attributes, and makes none anew`;
  return `${begin}. To have the groups again: ${groups}. ${capital(who)} ${anew}. ${kept}`;
}

/** The role by its id: its name may be another by now. */
function withRoles({ name, assignments }: SurveyedGroup): string {
  const roles = assignments.map(({ roleId }) => roleId).filter((roleId) => roleId !== NO_ROLE);
  return roles.length === 0 ? name : `${name} (role ${roles.join(', ')})`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
