import type { Credential, CredentialOwner } from '../core/credential.ts';
import type { CredentialHistory } from './credentials.ts';

/** What came of trying a secret: `forbidden` is accepted without the rights; `unguarded` takes a corrupted one as well. */
export type ProbeOutcome = 'accepted' | 'refused' | 'forbidden' | 'unguarded';

/** A secret that is handed over. It is in no answer, log or error afterwards. */
export interface NewCredential {
  readonly connection: string;
  /** The secret itself, or an absolute path where Headgate finds it. */
  readonly secret: { readonly text: string } | { readonly file: string };
  /** userPrincipalName, object id or `service-account`; absent when nobody knows. */
  readonly owner?: string;
  readonly expiresAt?: number;
  readonly by: string;
}

/** Where a rotation stands after everything that could be done was done. */
export interface Rotation {
  readonly connection: string;
  readonly model: 'overlap' | 'cutover';
  /** Steps this call took, in words. */
  readonly done: readonly string[];
  readonly waitsFor: 'new-token' | 'cycle' | 'entra' | 'deletion' | 'nothing';
  /** What a person has to do now, in words. */
  readonly instruction: string;
  /** The cycle it waits for. */
  readonly cycle?: string;
  readonly credentials: readonly Credential[];
}

/**
 * What people may do with the credentials of connections. A reference is a fingerprint or an id. Throws
 * RefusedError('credential') for what may not be done now, RefusedError('not-found') for a reference nobody knows.
 */
export interface CredentialDesk {
  /** Newest first. */
  list(connection?: string): Promise<readonly Credential[]>;
  show(reference: string): Promise<{ readonly credential: Credential; readonly history: readonly CredentialHistory[] }>;
  /** Takes a secret in as a candidate. */
  add(request: NewCredential, signal: AbortSignal): Promise<Credential>;
  /** Tries a credential at the provider without using it. */
  probe(
    reference: string,
    by: string,
    signal: AbortSignal,
  ): Promise<{ readonly credential: Credential; readonly outcome: ProbeOutcome }>;
  /** Probes a credential and puts it to use; the one before it is retiring. */
  promote(reference: string, by: string, signal: AbortSignal): Promise<Credential>;
  /**
   * Ends a replaced credential, once the provider refuses it. `deleted`: a person says it was deleted there, for a secret
   * Headgate no longer has.
   */
  retire(reference: string, how: EndHow, signal: AbortSignal): Promise<Credential>;
  /** Ends a credential at once, even the one in use: then the connection is paused. */
  revoke(reference: string, how: EndHow, signal: AbortSignal): Promise<Credential>;
  setOwner(reference: string, owner: string, by: string, signal: AbortSignal): Promise<Credential>;
  /** Goes on with the rotation of a connection as far as it can, and says what it waits for. */
  rotate(request: RotationRequest, signal: AbortSignal): Promise<Rotation>;
}

export interface EndHow {
  readonly by: string;
  readonly deleted: boolean;
  /** The command to go on with once the provider refuses the credential; that which ends it, unless given. */
  readonly goesOnBy?: string;
}

export interface RotationRequest {
  readonly connection: string;
  readonly by: string;
  /** The new token, once a person has it. */
  readonly added?: Omit<NewCredential, 'connection' | 'by'>;
  /** A person says that Entra's own job, which provisions this connection, has the token in use. */
  readonly installed?: boolean;
  /** Stop sending until the new token is in use. */
  readonly pause?: boolean;
}

/** An owner as people write it. */
export function ownerNamed(owner: string | undefined): CredentialOwner {
  if (owner === undefined) return { kind: 'unknown' };
  return owner === 'service-account' ? { kind: owner } : { kind: 'user', name: owner };
}
