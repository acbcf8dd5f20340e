import { RefusedError } from '../../core/errors.ts';
import type { MigrationEngine } from '../../core/migration/migration.ts';
import type { GraphPermission } from './call.ts';
import { listOf, objectOf } from './json.ts';

/**
 * With any of these a mistyped address could delete people, block them or delete the application they are assigned to, or
 * give somebody rights; a migration needs none of them (entra.md 3.7; Learn: user-delete, permissions-reference).
 */
export const DANGEROUS_PERMISSIONS = [
  'User.ReadWrite.All',
  'Directory.ReadWrite.All',
  'User.DeleteRestore.All',
  'User.EnableDisableAccount.All',
  'Application.ReadWrite.All',
  'RoleManagement.ReadWrite.Directory',
  'RoleAssignmentSchedule.ReadWrite.Directory',
  'RoleEligibilitySchedule.ReadWrite.Directory',
] as const;

/**
 * Directory roles that allow the same without any permission, by the template id a token names them with in `wids` (Learn:
 * permissions-reference of the built-in roles). Other roles are there, too: every application may have that of a plain member.
 */
const DANGEROUS_ROLES: ReadonlyMap<string, string> = new Map([
  ['62e90394-69f5-4237-9190-012177145e10', 'Global Administrator'],
  ['7be44c8a-adaf-4e2a-84d6-ab2649e08a13', 'Privileged Authentication Administrator'],
  ['e8611ab8-c189-46e8-94e1-60213ab1f814', 'Privileged Role Administrator'],
  ['fe930be7-5e62-47db-91af-98c3a49a38b1', 'User Administrator'],
]);

/** What a migration cannot do without. */
export const NEEDED_PERMISSIONS = ['AppRoleAssignment.ReadWrite.All', 'Application.Read.All'] as const;

/** What a migration cannot do without, by who provisions: Entra's own job must be stopped when somebody would be lost. */
export function neededPermissions(engine: MigrationEngine): readonly GraphPermission[] {
  return engine === 'entra' ? [...NEEDED_PERMISSIONS, 'Synchronization.ReadWrite.All'] : NEEDED_PERMISSIONS;
}

/** The application permissions in an access token; undefined when it cannot be read. */
export function permissionsOf(token: string): readonly string[] | undefined {
  return claimsOf(token)?.permissions;
}

function claimsOf(
  token: string,
): { readonly permissions: readonly string[]; readonly roles: readonly string[] } | undefined {
  const [, claims] = token.split('.');
  try {
    const parsed: unknown = JSON.parse(Buffer.from(claims ?? '', 'base64url').toString('utf8'));
    const { roles, wids } = objectOf(parsed);
    return { permissions: textsOf(roles), roles: textsOf(wids).map((wid) => wid.toLowerCase()) };
  } catch {
    // An opaque token says nothing about what it may do.
    return undefined;
  }
}

function textsOf(claim: unknown): readonly string[] {
  return listOf(claim).filter((one): one is string => typeof one === 'string');
}

/**
 * Refuses a token that could do more harm than a migration needs, or that does not say what it may do.
 * @throws RefusedError('migration-refused')
 */
export function requireHarmless(token: string, client: string): void {
  const claims = claimsOf(token);
  if (claims === undefined) {
    throw new RefusedError(
      'migration-refused',
      `the token of the migration identity ${client} does not say what it may do`,
      {
        remedy: 'Use an identity whose Graph permissions can be read from its token; nothing was sent.',
      },
    );
  }
  const dangerous = [
    ...DANGEROUS_PERMISSIONS.filter((permission) => claims.permissions.includes(permission)),
    ...[...DANGEROUS_ROLES].flatMap(([wid, name]) => (claims.roles.includes(wid) ? [`the role ${name}`] : [])),
  ];
  if (dangerous.length === 0) return;
  throw new RefusedError(
    'migration-refused',
    `the migration identity ${client} holds ${dangerous.join(' and ')}: with that, one wrong request could delete people or hand out rights`,
    {
      remedy: `Take ${dangerous.join(' and ')} from it, or register another application with ${NEEDED_PERMISSIONS.join(' and ')} only; nothing was sent.`,
    },
  );
}
