/** A client secret as an app registration holds it. `expiresAt` is ms since the epoch. */
export interface ClientSecret {
  readonly value: string;
  readonly expiresAt?: number;
}

/** Whom a federated credential trusts. With `publicKey` (PEM) the assertion's signature is verified too. */
export interface FederatedCredential {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly publicKey?: string;
}

/** An app registration that may ask for tokens, with the application permissions consented to. */
export interface RegisteredApplication {
  readonly clientId: string;
  readonly displayName: string;
  readonly permissions: readonly string[];
  readonly secrets: readonly ClientSecret[];
  /** PEM certificates. */
  readonly certificates: readonly string[];
  readonly federated: readonly FederatedCredential[];
  readonly enabled: boolean;
}

/** The application permissions Headgate needs to read; without the last it cannot see Entra's own provisioning. */
export const READ_PERMISSIONS = [
  'Application.Read.All',
  'GroupMember.Read.All',
  'User.Read.All',
  'Synchronization.Read.All',
] as const;

/** An app registration with the read permissions and one secret; everything can be overridden. */
export function readerApplication(overrides: Partial<RegisteredApplication> = {}): RegisteredApplication {
  return {
    clientId: '5eed0000-0000-4000-8000-00000000c11e',
    displayName: 'Headgate (read)',
    permissions: READ_PERMISSIONS,
    secrets: [{ value: 'sandbox-client-secret' }],
    certificates: [],
    federated: [],
    enabled: true,
    ...overrides,
  };
}

/** What the separate identity of a migration needs, and nothing more (entra.md 3.7). */
export const MIGRATION_PERMISSIONS = ['Application.Read.All', 'AppRoleAssignment.ReadWrite.All'] as const;

/** The same where Entra's own service provisions: its job is paused in the end. */
export const ENTRA_MIGRATION_PERMISSIONS = [...MIGRATION_PERMISSIONS, 'Synchronization.ReadWrite.All'] as const;

/** An app registration for migrations: it may assign and unassign. */
export function migrationApplication(overrides: Partial<RegisteredApplication> = {}): RegisteredApplication {
  return readerApplication({
    clientId: '5eed0000-0000-4000-8000-00000000c12e',
    displayName: 'Headgate (migration)',
    permissions: MIGRATION_PERMISSIONS,
    secrets: [{ value: 'sandbox-migration-secret' }],
    ...overrides,
  });
}
