import type { ConnectionRules } from '../connection.ts';
import { isLive, type Credential } from '../credential.ts';
import { isAccountRemoval, type Operation } from '../operation.ts';
import type { Plan } from '../plan.ts';
import { foldName, listed } from '../reasons.ts';
import { pathOf } from '../scim-path.ts';
import type { Finding } from '../verdict.ts';

/** A credential as this guard looks at it. */
export type GuardedCredential = Pick<Credential, 'connection' | 'fingerprint' | 'owner' | 'state'> & {
  /** Whether the provider is known to end a token with its owner's account. */
  readonly ownerCoupled: boolean;
  /** Set when Entra's own job works with the token, too. */
  readonly engine?: 'entra';
  /** Set where the configuration names the owner, whom a person's word does not change. */
  readonly named?: 'in-configuration';
  /** Who else is named for the same token: whom of the two it hangs on nobody knows. */
  readonly besides?: string;
};

export interface TokenOwnerFacts {
  readonly plan: Plan;
  readonly rules: ConnectionRules;
  /** Credentials of every connection: an account here may be the one a token elsewhere hangs on. */
  readonly credentials: readonly GuardedCredential[];
}

const ROLE_ATTRIBUTES = /^(roles|entitlements|userType)$/i;
const ROLE_EXPRESSION = /AppRoleAssignment/i;

/** SCIM paths by which a mapping makes somebody an administrator, or no longer, as operations write them: in canonical case. */
export function roleTargets(mapping: ConnectionRules['mapping']): ReadonlySet<string> {
  return new Set(
    mapping.flatMap((line) => {
      const { attribute, text } = pathOf(line.target);
      const computed = line.kind === 'expression' && ROLE_EXPRESSION.test(line.expression);
      return computed || ROLE_ATTRIBUTES.test(attribute) ? [text] : [];
    }),
  );
}

/** Whether an operation ends an account, or takes a role from it, so that a token hanging on it would die. */
function endangers(operation: Operation, targets: ReadonlySet<string>): boolean {
  if (operation.resource !== 'account') return false;
  if (isAccountRemoval(operation)) return true;
  if (operation.kind !== 'update' && operation.kind !== 'reactivate') return false;
  return operation.attributes.some(({ path }) => targets.has(path));
}

/**
 * Whether a credential is the user's: by id, and by name as well, whatever id it was known with. Whoever was deleted can no
 * longer be found by name, and was perhaps made anew with another id; one hold too many is cheap, a dead token is not.
 */
export function owns(
  { owner }: Pick<GuardedCredential, 'owner'>,
  { anchor, label }: Pick<Operation, 'anchor' | 'label'>,
): boolean {
  if (owner.kind !== 'user') return false;
  const name = foldName(owner.name);
  return owner.anchor === anchor || name === foldName(anchor) || name === foldName(label);
}

/** Those of a plan's operations that this guard would hold for the owner of a token. */
export function endangering(
  operations: readonly Operation[],
  { mapping }: Pick<ConnectionRules, 'mapping'>,
): readonly Operation[] {
  const targets = roleTargets(mapping);
  return operations.filter((operation) => endangers(operation, targets));
}

/** Why endangering operations may not be sent any more: whoever owned no token when they were judged may own one by now. */
export function ownerReason(
  dangerous: readonly Operation[],
  credentials: readonly GuardedCredential[],
): string | undefined {
  const live = credentials.filter(isLive);
  for (const operation of dangerous) {
    const owned = live.find((credential) => owns(credential, operation));
    if (owned !== undefined) return `${operation.label} owns ${described(owned)} by now; the next cycle holds it`;
  }
  return undefined;
}

function words(operation: Operation): string {
  return isAccountRemoval(operation) ? `${operation.kind} ${operation.label}` : `change the role of ${operation.label}`;
}

/** A token as messages name it. */
export function described({ state, fingerprint, connection }: GuardedCredential): string {
  return `the ${state} token ${fingerprint} of connection ${connection}`;
}

/** Where the owner of a credential is named anew. */
export function placeOfOwner(credential: GuardedCredential): string {
  return credential.named === undefined
    ? byCommand(credential)
    : `change provider.credential.owner of ${credential.connection} in the configuration`;
}

function byCommand({ connection, fingerprint }: GuardedCredential): string {
  return `headgate token owner ${fingerprint} <user> -c ${connection}`;
}

/** Where Entra's own job provisions, the new token has two places, and a person's word is the proof of the second. */
function installedBy({ connection, engine }: GuardedCredential): string {
  const rotate = `headgate token rotate -c ${connection}`;
  return engine === 'entra' ? `${rotate}, give it to Entra's own job, then ${rotate} --installed-in-entra` : rotate;
}

/** Support article of the requirement T2: new token first, old one deleted next, the person last. */
function stepsOut(owned: readonly GuardedCredential[]): string {
  const installed = new Set(owned.map(installedBy));
  const ends = owned.map(({ fingerprint, connection }) => `headgate token retire ${fingerprint} -c ${connection}`);
  return [
    `1. under another owner, generate a new token at the service provider and install it: ${[...installed].join('; ')};`,
    `2. delete the old token at the service provider and have that confirmed: ${ends.join('; ')};`,
    '3. only then deactivate the user: this hold lifts by itself, and the next cycle does it.',
  ].join(' ');
}

/** Who only has the name of an owner may be another person, whom nothing else would let go. */
function unlessRenamed(owned: readonly GuardedCredential[], { anchor }: Operation): string {
  const byName = owned.filter(
    ({ owner }) => owner.kind === 'user' && owner.anchor !== undefined && owner.anchor !== anchor,
  );
  if (byName.length === 0) return '';
  return ` Where that is somebody else by now, name the owner by object id: ${byName.map(placeOfOwner).join('; ')}.`;
}

/** Holds whatever would end an account, or take the administrator's role from it, that a token in use hangs on. */
export function tokenOwner({ plan, rules, credentials }: TokenOwnerFacts): readonly Finding[] {
  const live = credentials.filter(isLive);
  if (live.length === 0) return [];
  const dangerous = endangering(plan.operations, rules);
  const held = dangerous.flatMap((operation): readonly Finding[] => {
    const owned = live.filter((credential) => owns(credential, operation));
    if (owned.length === 0) return [];
    return [
      {
        guard: 'token-owner',
        effect: 'hold',
        message: `${words(operation)}: the user owns ${listed(owned.map(described))}, which would stop working`,
        remedy: `${stepsOut(owned)}${unlessRenamed(owned, operation)}`,
        operations: [operation.key],
        numbers: { credentials: owned.length },
      },
    ];
  });
  return [
    ...held,
    ...unknownOwners(live, rules, dangerous),
    ...absentOwners(live, rules, dangerous),
    ...disputedOwners(live),
  ];
}

/** Two names for one token: one of them is of another token, and may be held for nothing as long as nobody says which. */
function disputedOwners(live: readonly GuardedCredential[]): readonly Finding[] {
  const disputed = live.filter(({ besides }) => besides !== undefined);
  if (disputed.length === 0) return [];
  const each = disputed.map(
    (one) =>
      `of ${described(one)} the configuration says that ${nameOf(one)} owns it, and it was known as that of ${one.besides ?? ''} before`,
  );
  const places = disputed.flatMap((one) => [placeOfOwner(one), byCommand(one)]);
  return [
    {
      guard: 'token-owner',
      effect: 'warn',
      message: `${listed(each)}: both are held`,
      remedy: `see who generated it, and name that user in both places: ${places.join('; ')}`,
      operations: [],
      numbers: { tokens: disputed.length },
    },
  ];
}

function nameOf({ owner }: GuardedCredential): string {
  return owner.kind === 'user' ? owner.name : 'a service account';
}

/**
 * Nobody can tell whose deactivation would end such a token: said each time where tokens are known to hang on people. In
 * strict mode everybody stays, and what nobody knows of a provider's tokens counts against it, too.
 */
function unknownOwners(
  live: readonly GuardedCredential[],
  rules: ConnectionRules,
  dangerous: readonly Operation[],
): readonly Finding[] {
  const strict = rules.guards.tokenOwner === 'strict';
  const unknown = live.filter(({ ownerCoupled, owner }) => (strict || ownerCoupled) && owner.kind === 'unknown');
  if (unknown.length === 0) return [];
  const holds = strict && dangerous.length > 0;
  const would = unknown.some(({ ownerCoupled }) => ownerCoupled) ? 'would' : 'may';
  return [
    {
      guard: 'token-owner',
      effect: holds ? 'hold' : 'warn',
      message: `nobody knows who owns ${listed(unknown.map(described))}: that user's deactivation ${would} end it unseen`,
      remedy: `name the owner: provider.credential.owner of ${listed([...new Set(unknown.map(({ connection }) => connection))])}, or headgate token owner ${unknown[0]?.fingerprint ?? ''} <user> -c ${unknown[0]?.connection ?? ''}. The account of a program is "service-account".`,
      operations: holds ? dangerous.map(({ key }) => key) : [],
      numbers: { unknown: unknown.length },
    },
  ];
}

/**
 * Whoever names an owner relies on the hold: a name the directory does not know is said whatever the provider does with
 * tokens. In strict mode everybody stays, unless the directory has known the owner, who is held by the id of then.
 */
function absentOwners(
  live: readonly GuardedCredential[],
  rules: ConnectionRules,
  dangerous: readonly Operation[],
): readonly Finding[] {
  const absent = live.filter(
    ({ owner }) => owner.kind === 'user' && (owner.absent === true || owner.anchor === undefined),
  );
  if (absent.length === 0) return [];
  const never = absent.some(({ owner }) => owner.kind === 'user' && owner.anchor === undefined);
  const holds = rules.guards.tokenOwner === 'strict' && never && dangerous.length > 0;
  const each = absent.map((one) => `${nameOf(one)}, the owner of ${described(one)}`);
  const places = [...new Set(absent.map(placeOfOwner))];
  return [
    {
      guard: 'token-owner',
      effect: holds ? 'hold' : 'warn',
      message: `the directory does not know ${listed(each)}: only an account of that name or id is held for it`,
      remedy: `name the owner as the directory knows them now (userPrincipalName or object id), or service-account: ${places.join('; ')}`,
      operations: holds ? dangerous.map(({ key }) => key) : [],
      numbers: { absent: absent.length },
    },
  ];
}
