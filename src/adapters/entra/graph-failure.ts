import {
  NotFoundError,
  RejectedError,
  ThrottledError,
  TransientError,
  UnauthorizedError,
  type FailureFacts,
  type HeadgateError,
} from '../../core/errors.ts';
import type { Call } from './call.ts';
import { objectOf, textOf } from './json.ts';
import type { Setback } from './patience.ts';
import { parseRetryAfter } from './retry-after.ts';
import type { Answer } from './transport.ts';

/** Wait assumed for a throttled answer without Retry-After, once trying here has been given up, in ms. */
const UNSTATED_WAIT_MS = 60_000;

/**
 * Graph's error code (`Request_ResourceNotFound`). Its message is not shown: it quotes user names.
 * See learn.microsoft.com/graph/errors.
 */
export function graphCode(answer: Answer): string | undefined {
  const code = textOf(objectOf(objectOf(answer.body)['error']), 'code');
  return code !== undefined && /^[\w.]{1,100}$/u.test(code) ? code : undefined;
}

/**
 * The property Graph says it does not know, of a request with `$select` that was refused with 400. Only a name as properties
 * have one is taken out of the message.
 */
function unknownProperty(answer: Answer): string | undefined {
  if (answer.status !== 400) return undefined;
  const message = textOf(objectOf(objectOf(answer.body)['error']), 'message') ?? '';
  return /Could not find a property named '([A-Za-z_]\w{0,63})'/.exec(message)?.[1];
}

/**
 * Whether Graph said that one object does not exist. A bare 404 is not enough: a wrong address or a proxy gives that
 * too, and a user taken for absent may lose an account.
 */
export function isObjectMissing(answer: Answer): boolean {
  return answer.status === 404 && graphCode(answer) === 'Request_ResourceNotFound';
}

/**
 * Whether an answer should be asked for again: 408, 429 and 5xx; reads are idempotent. A wait of no time at all, as of a date
 * that has gone by, is none that was ordered: asked again at once and without end the same would be answered.
 */
export function setbackOf(answer: Answer, now: number): Setback | undefined {
  const retryAfterMs = parseRetryAfter(answer.headers['retry-after'], now);
  const wait = retryAfterMs === undefined || retryAfterMs === 0 ? {} : { retryAfterMs };
  if (answer.status === 429) return { reason: 'throttled', ...wait };
  if (answer.status === 408 || answer.status >= 500) return { reason: 'server', ...wait };
  return undefined;
}

/** The error of the family for an answer that is not a success. Carries status, Graph's code and request id, no body. */
export function failureOf(answer: Answer, call: Call, client: string, now: number): HeadgateError {
  const code = graphCode(answer);
  const told = code === undefined ? `${answer.status}` : `${answer.status} ${code}`;
  const requestId = answer.headers['request-id'] ?? innerRequestId(answer);
  const facts: FailureFacts = { status: answer.status, ...(requestId === undefined ? {} : { requestId }) };
  const setback = setbackOf(answer, now);
  if (setback?.reason === 'throttled' || (setback !== undefined && setback.retryAfterMs !== undefined)) {
    const wait = setback.retryAfterMs ?? UNSTATED_WAIT_MS;
    const message = `Microsoft Graph throttled ${call.what} (${told}) and asks for ${Math.ceil(wait / 1000)} s.`;
    return new ThrottledError(message, wait, 'connection', facts);
  }
  if (setback !== undefined) {
    return new TransientError(`Microsoft Graph failed ${call.what} (${told}).`, {
      ...facts,
      remedy: 'Nothing to do unless it lasts; then look at the Microsoft 365 service health page.',
    });
  }
  switch (answer.status) {
    case 401:
      return new UnauthorizedError(`Microsoft Graph refused the token while ${call.what} (${told}).`, {
        ...facts,
        remedy: `Check that directory.tenant and directory.cloud belong together and that application ${client} still exists there.`,
      });
    case 403:
      return new UnauthorizedError(`Microsoft Graph refused ${call.what} (${told}).`, {
        ...facts,
        remedy: permissionRemedy(call, client),
      });
    case 404:
    case 410:
      return new NotFoundError(
        `Microsoft Graph does not know the object asked for while ${call.what} (${told}).`,
        facts,
      );
    default: {
      const unknown = unknownProperty(answer);
      const why = unknown === undefined ? '' : `: it knows no property "${unknown}"`;
      return new RejectedError(`Microsoft Graph rejected ${call.what} (${told})${why}.`, {
        ...facts,
        remedy:
          (answer.status === 400 ? call.mend : undefined) ??
          'Look the request id up with Microsoft support if the status and code do not explain it.',
      });
    }
  }
}

/** What to do when a permission is missing. Grants take a minute or two to work (entra.md 3.7). */
export function permissionRemedy(call: Call, client: string): string {
  return (
    `Grant application ${client} the Microsoft Graph application permission ${call.permission} with admin consent, ` +
    'then wait two minutes.'
  );
}

function innerRequestId(answer: Answer): string | undefined {
  const id = textOf(objectOf(objectOf(objectOf(answer.body)['error'])['innerError']), 'request-id');
  return id !== undefined && /^[\w-]{1,64}$/u.test(id) ? id : undefined;
}
