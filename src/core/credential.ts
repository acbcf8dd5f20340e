import type { Anchor } from './directory.ts';

/**
 * Where a credential of a connection stands.
 *
 *   candidate ──> active ──> retiring ──> retired    replaced, and seen to be refused by the provider
 *       │            │ ^         │
 *       │            │ └─────────┘  promoted again, when its successor fails
 *       └────────────┴───────────┴──> dead           revoked
 *
 * A retiring credential has been replaced but may still work: its owner is held until it is seen to work no more.
 */
export const CREDENTIAL_STATES = ['candidate', 'active', 'retiring', 'retired', 'dead'] as const;
export type CredentialState = (typeof CREDENTIAL_STATES)[number];

/** Who made a credential: at many providers it dies with that person's account. */
export type CredentialOwner =
  /** `anchor` is missing until the directory has been asked; `absent` when it was, and knows nobody of that name, or id. */
  | { readonly kind: 'user'; readonly name: string; readonly anchor?: Anchor; readonly absent?: true }
  | { readonly kind: 'service-account' }
  | { readonly kind: 'unknown' };

/** A credential as remembered. Never holds the secret: where that is, only the store of secrets knows. */
export interface Credential {
  readonly id: string;
  readonly connection: string;
  readonly kind: 'bearer' | 'oauth_client_credentials';
  /** Names the secret without telling it. */
  readonly fingerprint: string;
  readonly owner: CredentialOwner;
  /** The owner was known before the credential stood in the configuration, and is not changed by it. */
  readonly ownerKept?: true;
  readonly state: CredentialState;
  /** Names the place its secret is good for, without telling it: it is sent nowhere else. Absent until somebody has looked. */
  readonly place?: string;
  /** Where the secret is: in the configuration, encrypted in the database, or in a file named to Headgate. */
  readonly source: 'configuration' | 'stored' | 'file';
  /** Times in ms since the epoch. */
  readonly createdAt: number;
  readonly expiresAt?: number;
  /** When the provider last accepted it and refused a corrupted copy of it. */
  readonly probedAt?: number;
  /** When it was last put to use. */
  readonly activeSince?: number;
  /** How it was put to use: by a person, or by the one automatic switch after a refusal. */
  readonly activatedBy?: 'person' | 'switch';
  /** The full cycle that succeeded with it; `entra` where a person said that Entra's own job has it, and it was read with. */
  readonly provenBy?: string;
  /** When the provider last answered 401 to it. */
  readonly refusedAt?: number;
  readonly endedAt?: number;
}

/** Where secrets of a connection are sent, and as what. */
export interface Placed {
  readonly kind: Credential['kind'];
  readonly place: string;
}

/** What can happen to a credential. */
export type CredentialEvent =
  | { readonly kind: 'probed' }
  | { readonly kind: 'probe-failed'; readonly refused: boolean }
  | { readonly kind: 'promoted'; readonly by: 'person' | 'switch' }
  | { readonly kind: 'superseded' }
  /** Its secret was not here any more, or for another place: now it is, for the place the connection has. */
  | { readonly kind: 'handed-over-again'; readonly for: Placed }
  /** The provider answered 401 to it while it was in use. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'proved'; readonly cycle: string }
  /** A cycle that was opened after a refusal has worked with it. */
  | { readonly kind: 'accepted' }
  /** A person gave it to Entra's own job, which provisions here; the provider has just taken it. */
  | { readonly kind: 'installed-in-entra' }
  /** `confirmed`: the provider was seen to answer 401, or a person says that it was deleted there. */
  | {
      readonly kind: 'retired';
      readonly confirmed: 'refused' | 'by-person';
      readonly successor?: Pick<Credential, 'state' | 'provenBy'>;
      readonly engine?: 'entra';
    }
  | { readonly kind: 'revoked'; readonly confirmed: 'refused' | 'by-person' };

/** Why an event cannot happen now, in words, with what to do instead. */
export interface CredentialRefusal {
  readonly refused: string;
  readonly remedy: string;
}

/** Whether a credential may still be accepted by the provider and is or was in use: its owner must stay. */
export function isLive({ state }: Pick<Credential, 'state'>): boolean {
  return state === 'active' || state === 'retiring';
}

function named({ fingerprint, connection, state }: Credential): string {
  return `credential ${fingerprint} of ${connection} is ${state}`;
}

/** The credential after an event, or why the event cannot happen. `at` in ms since the epoch. Pure. */
export function afterEvent(credential: Credential, event: CredentialEvent, at: number): Credential | CredentialRefusal {
  if (credential.state === 'retired' || credential.state === 'dead') {
    return { refused: `${named(credential)} and stays so`, remedy: 'add a new one: headgate token add' };
  }
  switch (event.kind) {
    case 'probed':
      return { ...without(credential, 'refusedAt'), probedAt: at };
    case 'probe-failed': {
      const unproven = without(credential, 'probedAt');
      return event.refused ? { ...unproven, refusedAt: at } : unproven;
    }
    case 'promoted':
      return promoted(credential, event.by, at);
    case 'superseded':
      return credential.state === 'active'
        ? { ...without(credential, 'provenBy'), state: 'retiring' }
        : { refused: `${named(credential)}, not active`, remedy: 'only a credential in use can be replaced.' };
    case 'handed-over-again':
      return movedTo(credential, event.for);
    case 'refused':
      return { ...without(credential, 'probedAt'), refusedAt: at };
    case 'proved':
      return credential.state === 'active'
        ? { ...without(credential, 'refusedAt'), provenBy: event.cycle }
        : { refused: `${named(credential)}, not active`, remedy: 'a cycle proves only the credential it used.' };
    case 'accepted':
      return without(credential, 'refusedAt');
    case 'installed-in-entra':
      return credential.state === 'active'
        ? { ...credential, provenBy: 'entra' }
        : { refused: `${named(credential)}, not active`, remedy: 'promote it first: headgate token promote.' };
    case 'retired':
      return retired(credential, event, at);
    case 'revoked':
      return { ...credential, state: 'dead', endedAt: at };
    default:
      return event satisfies never;
  }
}

/** The credential for another place, where nothing is proved of it yet. Pure. */
export function movedTo(credential: Credential, { kind, place }: Placed): Credential {
  const { probedAt: _probed, provenBy: _proven, refusedAt: _refused, ...rest } = credential;
  return { ...rest, kind, place };
}

/** Whether a secret is for another place than `place`. One nobody has looked at yet is taken to be for this one. */
export function isElsewhere(credential: Pick<Credential, 'place'>, place: string): boolean {
  return credential.place !== undefined && credential.place !== place;
}

function promoted(credential: Credential, by: 'person' | 'switch', at: number): Credential | CredentialRefusal {
  if (credential.state === 'active') {
    return { refused: `${named(credential)} already`, remedy: 'nothing needs to be done.' };
  }
  if (credential.probedAt === undefined) {
    return {
      refused: `${named(credential)} and has not passed a probe`,
      remedy: `headgate token probe ${credential.fingerprint} -c ${credential.connection}`,
    };
  }
  return { ...without(credential, 'provenBy'), state: 'active', activeSince: at, activatedBy: by };
}

/** The old one goes last: not before its successor has carried a full cycle to its end, or Entra's own job has it. */
function retired(
  credential: Credential,
  { successor, engine }: Extract<CredentialEvent, { kind: 'retired' }>,
  at: number,
): Credential | CredentialRefusal {
  const ended: Credential = { ...credential, state: 'retired', endedAt: at };
  if (credential.state === 'candidate') return ended;
  if (credential.state === 'active') {
    return {
      refused: `${named(credential)}: nothing would be left to work with`,
      remedy: `install another one first: headgate token rotate -c ${credential.connection}. To switch the connection off, revoke it.`,
    };
  }
  if (successor?.state !== 'active') {
    return { refused: `${credential.connection} has no active credential`, remedy: 'promote the new one first.' };
  }
  if (successor.provenBy === undefined && engine === 'entra') {
    return {
      refused: `nobody has said yet that Entra's own job has the new credential of ${credential.connection}`,
      remedy: `give it to Entra (headgate token rotate -c ${credential.connection} says where), then: headgate token rotate -c ${credential.connection} --installed-in-entra`,
    };
  }
  if (successor.provenBy === undefined) {
    return {
      refused: `no full cycle of ${credential.connection} has succeeded with the new credential yet`,
      remedy: `headgate cycle start -c ${credential.connection} --full --wait`,
    };
  }
  return ended;
}

function without<Key extends keyof Credential>(credential: Credential, key: Key): Omit<Credential, Key> {
  const { [key]: _gone, ...rest } = credential;
  return rest;
}

/** True when the answer of `afterEvent` is a refusal. */
export function isRefusal(answer: Credential | CredentialRefusal): answer is CredentialRefusal {
  return 'refused' in answer;
}

const DAY_MS = 86_400_000;

/** How long before its last day a token is told of to whoever looks, in days; notifications have days of their own. */
export const EXPIRY_DAYS = 14;

/**
 * The smallest of the warning days that has been reached: 7 when 30, 14 and 7 are configured and five days are left. A
 * credential that has expired counts as 0. Undefined while there is time, and for credentials nobody uses.
 */
export function expiryWarning(credential: Credential, days: readonly number[], now: number): number | undefined {
  if (credential.expiresAt === undefined || (credential.state !== 'active' && credential.state !== 'candidate')) {
    return undefined;
  }
  const left = (credential.expiresAt - now) / DAY_MS;
  if (left <= 0) return 0;
  const reached = days.filter((day) => left <= day);
  return reached.length === 0 ? undefined : Math.min(...reached);
}
