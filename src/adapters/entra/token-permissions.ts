import { RefusedError } from '../../core/errors.ts';
import type { MigrationEngine } from '../../core/migration/migration.ts';
import type { GraphPermission } from './call.ts';
import { listOf, objectOf } from './json.ts';

/** With any of these a mistyped address could delete people; a migration needs none of them (entra.md 3.7). */
export const DANGEROUS_PERMISSIONS = ['User.ReadWrite.All', 'Directory.ReadWrite.All'] as const;

/** What a migration cannot do without. */
export const NEEDED_PERMISSIONS = ['AppRoleAssignment.ReadWrite.All', 'Application.Read.All'] as const;

/** What a migration cannot do without, by who provisions: Entra's own job must be stopped when somebody would be lost. */
export function neededPermissions(engine: MigrationEngine): readonly GraphPermission[] {
  return engine === 'entra' ? [...NEEDED_PERMISSIONS, 'Synchronization.ReadWrite.All'] : NEEDED_PERMISSIONS;
}

/** The application permissions in an access token; undefined when it cannot be read. */
export function permissionsOf(token: string): readonly string[] | undefined {
  const [, claims] = token.split('.');
  try {
    const parsed: unknown = JSON.parse(Buffer.from(claims ?? '', 'base64url').toString('utf8'));
    const { roles } = objectOf(parsed);
    return listOf(roles).filter((role): role is string => typeof role === 'string');
  } catch {
    // An opaque token says nothing about what it may do.
    return undefined;
  }
}

/**
 * Refuses a token that could do more harm than a migration needs, or that does not say what it may do.
 * @throws RefusedError('migration-refused')
 */
export function requireHarmless(token: string, client: string): void {
  const permissions = permissionsOf(token);
  if (permissions === undefined) {
    throw new RefusedError(
      'migration-refused',
      `the token of the migration identity ${client} does not say what it may do`,
      {
        remedy: 'Use an identity whose Graph permissions can be read from its token; nothing was sent.',
      },
    );
  }
  const dangerous = DANGEROUS_PERMISSIONS.filter((permission) => permissions.includes(permission));
  if (dangerous.length === 0) return;
  throw new RefusedError(
    'migration-refused',
    `the migration identity ${client} holds ${dangerous.join(' and ')}: with that, one wrong request could delete people`,
    {
      remedy: `Take ${dangerous.join(' and ')} from it, or register another application with ${NEEDED_PERMISSIONS.join(' and ')} only; nothing was sent.`,
    },
  );
}
