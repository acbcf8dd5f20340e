import type { Anchor } from '../core/directory.ts';
import type { Experiment } from '../core/experiment.ts';
import type { ExactRequest } from '../core/migration/journal.ts';
import type { Exported, Operation, WriteWitness } from '../core/operation.ts';
import type { ProviderProfile } from '../core/profile.ts';
import type { Listing } from '../core/provider-inventory.ts';
import type { Account, ResourceId, ScimGroup } from '../core/scim.ts';
import type { ProbeOutcome } from './credential-desk.ts';
import type { CheckResult, ReadProgress } from './directory-source.ts';

/** The resource id an anchor is linked to, if any. Passed in because references are resolved when they are sent. */
export type ResolveReference = (anchor: Anchor) => ResourceId | undefined;

/** A change of a SCIM group that can be shown before it is sent. */
export type GroupPreview =
  'delete' | { readonly remove: readonly ResourceId[] } | { readonly add: readonly ResourceId[] };

/** What to look an account or group up by, tried in this order until one answers. */
export interface LookupKey {
  readonly attribute: string;
  readonly value: string;
}

/** The SCIM service provider of one connection. Every failure is one of the error family. */
export interface ServiceProvider {
  readonly profile: ProviderProfile;
  /** Every account, with the verdict whether the listing may be trusted. Throws rather than return a short list. */
  listAccounts(signal: AbortSignal, progress?: ReadProgress): Promise<Listing<Account>>;
  listGroups(signal: AbortSignal, progress?: ReadProgress): Promise<Listing<ScimGroup>>;
  /** All accounts that equal the key, re-checked on our side; more than one means the match is ambiguous. */
  findAccounts(key: LookupKey, signal: AbortSignal): Promise<readonly Account[]>;
  findGroups(key: LookupKey, signal: AbortSignal): Promise<readonly ScimGroup[]>;
  /** Undefined when the provider answers 404 or 410. */
  readAccount(id: ResourceId, signal: AbortSignal): Promise<Account | undefined>;
  readGroup(id: ResourceId, signal: AbortSignal): Promise<ScimGroup | undefined>;
  /**
   * Sends one operation and confirms destructive ones by reading back. Idempotent: create looks the object up on
   * conflict and adopts it only when it is ours; a delete of something gone is success. Throws from the error family;
   * InDoubtError means the write may have happened.
   */
  apply(
    operation: Operation,
    resolve: ResolveReference,
    signal: AbortSignal,
    witness?: WriteWitness,
  ): Promise<Exported>;
  /**
   * Settles an operation whose answer was lost by reading the provider: returns its result when it took effect,
   * undefined when it did not and may be sent again. When `patient` it sits out trouble as reads for a plan do.
   */
  settle(
    operation: Operation,
    resolve: ResolveReference,
    signal: AbortSignal,
    how?: 'patient',
  ): Promise<Exported | undefined>;
  /**
   * Tries a secret other than the one in use: an authenticated read, and the same with a corrupted copy. Throws when
   * nothing can be told, because the provider is away or throttles.
   */
  probe(secret: string, signal: AbortSignal): Promise<ProbeOutcome>;
  /** One cheap authenticated read. Resolves when it was answered; throws from the error family otherwise. Never repeated. */
  ping(signal: AbortSignal): Promise<void>;
  /**
   * Resolves once the provider answers at all, be it an error that says nothing about the connection; sits out silence and
   * throttling as reads for a plan do. Throws UnauthorizedError, and what is left when the patience is spent.
   */
  awaitAnswer(signal: AbortSignal): Promise<void>;
  /**
   * The requests by which members are taken out of a SCIM group or put into it, or the group is deleted, as they would be
   * sent. Nothing is sent.
   */
  preview(group: ResourceId, change: GroupPreview): readonly ExactRequest[];
  /**
   * Whether the provider still takes the credential: one read with it, the only request that is made for a connection that
   * was switched off. A refused credential is false; anything else that fails throws.
   */
  credentialWorks(signal: AbortSignal): Promise<boolean>;
  /**
   * Learns how the provider behaves on accounts and a group of its own making, with userNames of that domain. Writes to
   * nothing else and removes them at the end, also when `stop` aborts it; what stays is named in the result.
   */
  experiment(domain: string, stop: AbortSignal): Promise<Experiment>;
  check(signal: AbortSignal): Promise<readonly CheckResult[]>;
  /** How fast requests may leave at present: learnt from its answers, up to the configured ceiling. */
  pace(): { readonly concurrency: number; readonly requestsPerSecond?: number };
  close(): Promise<void>;
}
