import { randomBytes } from 'node:crypto';
import type { Behaviour } from './behaviour.ts';
import { ScimRefusal } from './refusal.ts';
import { isActive, textAttribute } from './resource.ts';
import type { ResourceStore } from './store.ts';

/** A bearer token the provider accepts. */
export interface BearerToken {
  readonly secret: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
  /** userName of the account the token belongs to. */
  readonly owner?: string;
  /** Names the token in the provider's own pages. */
  readonly id?: string;
  /** userTypes the owner must be one of for the token to work. */
  readonly ownerTypes?: readonly string[];
}

/** A token as it is kept: one that came without a name was given one. */
export type NamedToken = BearerToken & { readonly id: string };

/** A client of the OAuth client credentials grant (RFC 6749 section 4.4). */
export interface OauthClient {
  readonly id: string;
  readonly secret: string;
  /** Lifetime of the tokens it gets, in seconds. Default 3600. */
  readonly lifetimeSeconds?: number;
}

/** The answer of the token endpoint: RFC 6749 sections 5.1 and 5.2. */
export type TokenAnswer =
  | { readonly status: 200; readonly body: { access_token: string; token_type: 'Bearer'; expires_in: number } }
  | { readonly status: 400 | 401; readonly body: { error: string; error_description: string } };

/** Who may use the provider. */
export interface CredentialBoard {
  tokens(): readonly NamedToken[];
  add(token: BearerToken): void;
  /** False when there was no such token. */
  revoke(secret: string): boolean;
  /** Throws 401 unless the Authorization header carries a token that is valid now. */
  check(authorization: string | undefined, now: number, coupledTo: ResourceStore | undefined): void;
  issue(authorization: string | undefined, form: URLSearchParams, now: number): TokenAnswer;
}

/**
 * Adds a token as a person does in the provider's own pages. Where only so many may be valid, the oldest ones die or the
 * new one is refused: throws 409.
 */
export function addToken(
  { credentials, behaviour }: { readonly credentials: CredentialBoard; readonly behaviour: Behaviour },
  token: BearerToken,
): void {
  const { most, beyond } = behaviour.tokens;
  const others = credentials.tokens().filter(({ secret }) => secret !== token.secret);
  const tooMany = others.length + 1 - most;
  if (tooMany > 0 && beyond === 'refuse') throw new ScimRefusal(409, `there may be ${most} tokens, revoke one first`);
  for (const { secret } of others.slice(0, Math.max(0, tooMany))) credentials.revoke(secret);
  credentials.add(token);
}

const REALM = 'Bearer realm="scim"';

/** A 401 as RFC 6750 section 3 wants it. */
export function unauthorized(detail: string, error?: 'invalid_token'): ScimRefusal {
  const challenge = error === undefined ? REALM : `${REALM}, error="${error}", error_description="${detail}"`;
  return new ScimRefusal(401, detail, undefined, { 'www-authenticate': challenge });
}

function basicCredentials(authorization: string | undefined): { id: string; secret: string } | undefined {
  const encoded = /^Basic ([\w+/=-]+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [id = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  // RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
  const decode = (part: string): string => new URLSearchParams(`v=${part}`).get('v') ?? '';
  return { id: decode(id), secret: decode(rest.join(':')) };
}

function failure(status: 400 | 401, error: string, description: string): TokenAnswer {
  return { status, body: { error, error_description: description } };
}

/** Credentials as configured, and the tokens issued since. */
export function createCredentials(tokens: readonly BearerToken[], clients: readonly OauthClient[]): CredentialBoard {
  const bySecret = new Map<string, NamedToken>();
  let given = 0;
  function newId(): string {
    const id = `given-${++given}`;
    return [...bySecret.values()].some((known) => known.id === id) ? newId() : id;
  }
  function keep(token: BearerToken): void {
    bySecret.set(token.secret, { ...token, id: token.id ?? bySecret.get(token.secret)?.id ?? newId() });
  }
  for (const token of tokens) keep(token);
  return {
    tokens: () => [...bySecret.values()],
    add: keep,
    revoke: (secret) => bySecret.delete(secret),
    check(authorization, now, coupledTo) {
      const secret = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
      if (secret === undefined) throw unauthorized('a bearer token is needed');
      const token = bySecret.get(secret);
      if (token === undefined) throw unauthorized('the token is not known', 'invalid_token');
      if (token.expiresAt !== undefined && token.expiresAt <= now)
        throw unauthorized('the token has expired', 'invalid_token');
      if (token.owner === undefined || coupledTo === undefined) return;
      const [ownerId] = coupledTo.byName('User', token.owner);
      const owner = ownerId === undefined ? undefined : coupledTo.get('User', ownerId);
      if (owner === undefined || !isActive(owner))
        throw unauthorized('the owner of the token is not active', 'invalid_token');
      if (token.ownerTypes?.includes(textAttribute(owner, 'userType') ?? '') === false)
        throw unauthorized('the owner of the token is no administrator any more', 'invalid_token');
    },
    issue(authorization, form, now) {
      const grant = form.get('grant_type');
      if (grant === null) return failure(400, 'invalid_request', 'grant_type is missing');
      if (grant !== 'client_credentials')
        return failure(400, 'unsupported_grant_type', 'only client_credentials is supported');
      const basic = basicCredentials(authorization);
      const id = basic?.id ?? form.get('client_id');
      const secret = basic?.secret ?? form.get('client_secret');
      const client = clients.find((known) => known.id === id && known.secret === secret);
      if (client === undefined) return failure(401, 'invalid_client', 'the client is not known or its secret is wrong');
      const lifetime = client.lifetimeSeconds ?? 3600;
      const accessToken = randomBytes(24).toString('base64url');
      keep({ secret: accessToken, expiresAt: now + lifetime * 1000 });
      return { status: 200, body: { access_token: accessToken, token_type: 'Bearer', expires_in: lifetime } };
    },
  };
}
