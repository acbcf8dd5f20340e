import type { Credential, CredentialOwner } from '../core/credential.ts';

/** Names secrets, and encrypts those that are to be stored. */
export interface SecretVault {
  /** A short name for a secret: the same for the same secret, and no way back. */
  fingerprint(secret: string): string;
  /** Encrypts a secret for one purpose. RefusedError('credential') when no key is configured. */
  seal(secret: string, purpose: string): Promise<string>;
  /** The secret again. RefusedError('credential') when the key is another one, or the text was altered or moved. */
  open(sealed: string, purpose: string): Promise<string>;
  /** The secret in a file, without the line break at its end. RefusedError('credential') when there is none. */
  readReference(path: string): Promise<string>;
}

/** Where a secret that is not in the configuration is kept. */
export type KeptSecret =
  | { readonly kind: 'stored'; readonly sealed: string }
  /** Absolute path of a file, read when used. */
  | { readonly kind: 'file'; readonly path: string };

/** The credential a connection's configuration names. */
export interface ConfiguredSecret {
  readonly kind: Credential['kind'];
  readonly owner: CredentialOwner;
  readonly expiresAt?: number;
  /** Names where secrets of the connection are sent, and as what, without telling it. */
  readonly place: string;
  /** ConfigError when its file cannot be read or is empty. */
  read(): Promise<string>;
}

/** A credential as stored. `version` grows with every change. */
export interface StoredCredential extends Credential {
  readonly version: number;
}

/** One line of a credential's history. */
export interface CredentialHistory {
  readonly credential: string;
  readonly at: number;
  readonly event: string;
  /** Who did it: a person as they named themselves, or the part of Headgate that did. */
  readonly by: string;
  /** In words, without anything secret. */
  readonly detail?: string;
}

/** One change of a credential, or a new one, with its line of history. */
export interface CredentialChange {
  readonly after: Credential;
  /** Version the change was made from; absent for a new credential. */
  readonly from?: number;
  readonly event: string;
  readonly by: string;
  readonly detail?: string;
  /** Given with a new credential, or one whose secret is kept otherwise from now on. */
  readonly secret?: KeptSecret;
  /** The secret is of no use any more and must not stay. */
  readonly eraseSecret?: boolean;
}

/** Credentials of all connections. The database keeps "one active credential per connection". */
export interface CredentialStore {
  /** Newest first. */
  list(connection?: string): Promise<readonly StoredCredential[]>;
  active(connection: string): Promise<StoredCredential | undefined>;
  /** Where the secret is kept; undefined when it is in the configuration, or was erased. */
  secret(id: string): Promise<KeptSecret | undefined>;
  /** Makes all changes, in their order, or none: false when one of them was changed or added by somebody else meanwhile. */
  change(changes: readonly CredentialChange[]): Promise<boolean>;
  /** Oldest first. */
  history(id: string): Promise<readonly CredentialHistory[]>;
}
