import {
  afterEvent,
  isElsewhere,
  isRefusal,
  movedTo,
  type Credential,
  type CredentialEvent,
  type CredentialOwner,
} from './credential.ts';
import { foldName } from './reasons.ts';

/** The credential the configuration names for a connection, as far as it may be known: never its secret. */
export interface ConfiguredCredential {
  readonly connection: string;
  readonly kind: Credential['kind'];
  readonly fingerprint: string;
  readonly owner: CredentialOwner;
  readonly place: string;
  readonly expiresAt?: number;
}

/** Whom the configuration names for the credential it holds; without a fingerprint while nobody can read which that is. */
export interface ConfiguredOwner {
  readonly owner: CredentialOwner;
  readonly fingerprint?: string;
}

/** One credential that is new or changed by taking up what the configuration says, with what happened to it. */
export interface TakenUp {
  readonly after: Credential;
  readonly event: 'installed' | 'described' | 'owner-named' | CredentialEvent['kind'];
  readonly detail?: string;
}

/** Of a token that is installed where none was known before: a connection begins with one, and nobody is warned of that. */
export const FIRST_TOKEN = 'the first token of the connection';

/**
 * What taking up the configured credential changes, in the order it is to be written: one known by its fingerprint is
 * described anew; another one has been installed by whoever wrote the configuration, and the one before it may still be
 * accepted by the provider, so it is retiring and not gone. Empty when everything is known. Pure.
 */
export function takeUp(
  known: readonly Credential[],
  configured: ConfiguredCredential,
  id: string,
  now: number,
): readonly TakenUp[] {
  const ours = known.filter(({ connection }) => connection === configured.connection);
  const active = ours.find(({ state }) => state === 'active');
  const same = ours.find(({ fingerprint }) => fingerprint === configured.fingerprint);
  const superseded = active === undefined ? [] : supersede(active, now);
  if (same === undefined) {
    const first = ours.length === 0 ? { detail: FIRST_TOKEN } : {};
    return [...superseded, { after: installed(configured, id, now), event: 'installed', ...first }];
  }
  const described = describe(settled(same, configured), configured);
  // The file holds one that waits or was replaced, and the file is what is used: then that one is in use again.
  const inUse = active === undefined || active.source === 'configuration';
  if (same.id !== active?.id && inUse && (same.state === 'candidate' || same.state === 'retiring')) {
    const { refusedAt: _refused, ...known } = placed(described, configured);
    const back: Credential = {
      ...known,
      source: 'configuration',
      state: 'active',
      activeSince: now,
      activatedBy: 'person',
    };
    return [...superseded, { after: back, event: 'promoted' }];
  }
  const after = same.id === active?.id ? placed(described, configured) : described;
  if (after === same) return [];
  return [{ after, event: isSameOwner(after.owner, same.owner) ? 'described' : 'owner-named' }];
}

/** What is in use and configured is for the place the configuration names beside it. */
function placed(credential: Credential, configured: ConfiguredCredential): Credential {
  return isElsewhere(credential, configured.place) ? movedTo(credential, configured) : credential;
}

function supersede(active: Credential, now: number): readonly TakenUp[] {
  const after = afterEvent(active, { kind: 'superseded' }, now);
  return isRefusal(after) ? [] : [{ after, event: 'superseded' }];
}

function installed(
  { connection, kind, fingerprint, owner, place, expiresAt }: ConfiguredCredential,
  id: string,
  now: number,
): Credential {
  return {
    id,
    connection,
    kind,
    fingerprint,
    owner,
    place,
    state: 'active',
    source: 'configuration',
    createdAt: now,
    activeSince: now,
    activatedBy: 'person',
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** A name that appears beside a token which is not in use is that of another token, and so it is when that one is used again. */
function settled(known: Credential, { owner }: ConfiguredCredential): Credential {
  const other = known.owner.kind === 'user' && owner.kind !== 'unknown' && !isSameOwner(owner, known.owner);
  return other && known.state !== 'active' && known.ownerKept !== true ? { ...known, ownerKept: true } : known;
}

/** What the configuration says of an owner or an expiry counts; where it says nothing, what is known stays. */
function describe(known: Credential, { owner, expiresAt }: ConfiguredCredential): Credential {
  const sameOwner = keepsOwner(known) || owner.kind === 'unknown' || isSameOwner(owner, known.owner);
  const sameExpiry = expiresAt === undefined || expiresAt === known.expiresAt;
  if (sameOwner && sameExpiry) return known;
  return { ...known, ...(sameOwner ? {} : { owner }), ...(sameExpiry ? {} : { expiresAt }) };
}

/**
 * Whether the user known as the owner stays whoever the configuration names: the token came into the file later, and the name
 * beside it may be that of another token's owner. Giving up the one for the other would end the hold of whom the token hangs on.
 */
export function keepsOwner({ owner, source, ownerKept }: Credential): boolean {
  return owner.kind === 'user' && (source !== 'configuration' || ownerKept === true);
}

/** Whom the configuration names for this very credential, if it does. Pure. */
export function ownerInConfiguration(
  { fingerprint, source, state }: Credential,
  configured: ConfiguredOwner | undefined,
): CredentialOwner | undefined {
  if (configured === undefined || configured.owner.kind === 'unknown') return undefined;
  const unread = configured.fingerprint === undefined && source === 'configuration' && state === 'active';
  return unread || configured.fingerprint === fingerprint ? configured.owner : undefined;
}

/** Whether two names of owners are one, however they are written. */
export function isSameOwner(one: CredentialOwner, other: CredentialOwner): boolean {
  return nameOf(one) === nameOf(other);
}

function nameOf(owner: CredentialOwner): string {
  return owner.kind === 'user' ? `user ${foldName(owner.name)}` : owner.kind;
}
