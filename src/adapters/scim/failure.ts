import {
  ConflictError,
  type FailureFacts,
  type HeadgateError,
  InDoubtError,
  NotFoundError,
  RejectedError,
  ThrottledError,
  TransientError,
  UnauthorizedError,
} from '../../core/errors.ts';
import { refusalOf } from '../../core/failure-codes.ts';
import type { ProviderProfile } from '../../core/profile.ts';
import { isWrite, nameOf, parseObject, type RawAnswer, type ScimRequest } from './answer.ts';
import { DEFAULT_RETRY_MS, retryAfterMs } from './retry-after.ts';
import { detailOf, shapeOf } from './told.ts';

/** What an error says about where it happened. */
export interface FailureContext {
  readonly connection: string;
  readonly profile: ProviderProfile;
  readonly now: () => number;
}

/**
 * RFC 7644 table 9, RFC 9865, and words real providers use. Only these are passed on: the field is free text to the
 * provider and could carry anything.
 */
const SCIM_TYPES = [
  'invalidFilter',
  'tooMany',
  'uniqueness',
  'mutability',
  'invalidSyntax',
  'invalidPath',
  'noTarget',
  'invalidValue',
  'invalidVers',
  'sensitive',
  'invalidCursor',
  'expiredCursor',
  'invalidCount',
  'versionMismatch',
  'invalidToken',
] as const;
const BY_LETTERS = new Map(SCIM_TYPES.map((type) => [type.toLowerCase(), type]));

/** The error's scimType in RFC spelling, if it is a known one. A hint only: some providers put it where it does not belong. */
export function scimTypeOf(text: string): string | undefined {
  const found = parseObject(text)?.['scimType'];
  return typeof found === 'string' ? BY_LETTERS.get(found.replace(/_/g, '').toLowerCase()) : undefined;
}

/**
 * Turns an answer other than success into the error that says what to do (RFC 7644 section 3.12). `token` is what was sent,
 * so that nothing of it is repeated.
 */
export function failureOf(
  request: ScimRequest,
  answer: RawAnswer,
  requestId: string | undefined,
  context: FailureContext,
  token: string,
): HeadgateError {
  const { status, text } = answer;
  const scimType = scimTypeOf(text);
  const told = `${context.connection}: ${nameOf(request)} was answered ${status}${scimType === undefined ? '' : ` ${scimType}`}`;
  const detail = detailOf(text, token, request);
  const facts: FailureFacts = {
    status,
    request: shapeOf(request),
    ...(detail === undefined ? {} : { detail }),
    ...(scimType === undefined ? {} : { scimType }),
    ...(requestId === undefined ? {} : { requestId }),
  };
  if (status >= 300 && status < 400) return redirected(told, facts);
  if (status === 401 || status === 403) return refused(context.connection, told, facts);
  const wait = retryAfterMs(answer.headers, context.profile.rate.retryHeaders, context.now());
  if (status === 429 || (status === 503 && wait !== undefined)) {
    const locked = context.profile.rate.resourceLock && request.id !== undefined && /resource_locked/i.test(text);
    return new ThrottledError(told, wait ?? DEFAULT_RETRY_MS, locked ? 'resource' : 'connection', facts);
  }
  if (status >= 500 && status !== 501) return unfinished(request, told, facts);
  return refusedRequest(request, told, facts);
}

function redirected(told: string, facts: FailureFacts): HeadgateError {
  return new RejectedError(`${told}: a redirect that is not followed, because the token must not leave this origin`, {
    ...facts,
    remedy: 'Check the URL of the connection: it must be the SCIM base URL itself, not one that redirects.',
  });
}

function refused(connection: string, told: string, facts: FailureFacts): HeadgateError {
  const remedy =
    facts.status === 401
      ? `The credential is wrong, expired or revoked: install a new one with headgate token rotate -c ${connection}, or replace its token_file.`
      : 'The credential is valid but lacks rights: give its owner the right to manage users and groups by SCIM.';
  return new UnauthorizedError(told, {
    ...facts,
    ...(facts.status === 401 ? { credentialRefused: true } : {}),
    remedy,
  });
}

const IN_DOUBT =
  'Whether it was made is read before it is sent again, by itself. See whether the provider is up (its status page) and can be reached; if it stays so, give the request id to its support.';

/** A 5xx. One real server answers 500 and applies the change all the same, so a write is never taken as not done. */
function unfinished(request: ScimRequest, told: string, facts: FailureFacts): HeadgateError {
  return isWrite(request)
    ? new InDoubtError(`${told}: the change may have been made`, { ...facts, remedy: IN_DOUBT })
    : new TransientError(told, {
        ...facts,
        remedy:
          'The service provider has trouble of its own: see whether it is down (its status page, its support), then try again. Cycles try again by themselves.',
      });
}

const GUARDED =
  'The provider guards this one object: read its words. Where a SCIM token hangs on the account, generate one there under another owner, put it to use (headgate token rotate) and delete the old one.';

/** Such a request sets no name, so a 409 to it is no clash of names. */
function takesAway({ request }: FailureFacts): boolean {
  if (request === undefined) return false;
  const { method, attributes } = request;
  return method === 'DELETE' || (attributes.length > 0 && attributes.every((name) => name === 'active'));
}

function refusedRequest(request: ScimRequest, told: string, facts: FailureFacts): HeadgateError {
  const { status, scimType } = facts;
  if (status === 404 || status === 410) {
    if (request.id !== undefined) return new NotFoundError(told, facts);
    const remedy = 'Check the URL of the connection: it must end where /Users begins, often in /scim/v2.';
    return new RejectedError(`${told}: there is no such endpoint`, { ...facts, remedy });
  }
  if (status === 409 && scimType === undefined && takesAway(facts))
    return new ConflictError(told, { ...facts, code: 'InsufficientRights', remedy: GUARDED });
  if (status === 409 || (status === 400 && scimType === 'uniqueness')) return new ConflictError(told, facts);
  // What to do about a refused read depends on who reads.
  return new RejectedError(told, isWrite(request) ? { ...facts, remedy: refusalOf(facts).remedy } : facts);
}

/** Codes of failures before anything was sent; with syscall `connect` or `getaddrinfo` the same is certain. */
const NEVER_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT|.*CERT.*|ERR_TLS_.*)$/;

/** The code Node, undici or OpenSSL gave an error. Codes are words of the platform, never of the provider. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'no code';
}

function certainlyUnsent(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(certainlyUnsent);
  const syscall = error instanceof Error && 'syscall' in error ? error.syscall : undefined;
  return syscall === 'connect' || syscall === 'getaddrinfo' || NEVER_SENT.test(codeOf(error));
}

/**
 * Turns a failure without an answer into the error that says what to do. The original is not kept as cause: it can hold
 * bytes of the answer.
 */
export function brokenExchange(request: ScimRequest, error: unknown, context: FailureContext): HeadgateError {
  const told = `${context.connection}: ${nameOf(request)} got no answer (${codeOf(error)})`;
  const facts: FailureFacts = { noAnswer: true, request: shapeOf(request) };
  if (isWrite(request) && !certainlyUnsent(error))
    return new InDoubtError(`${told}: the change may have been made`, { ...facts, remedy: IN_DOUBT });
  return new TransientError(told, {
    ...facts,
    remedy: 'Check that the provider can be reached from here; it is tried again.',
  });
}
