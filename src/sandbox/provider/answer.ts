import { errorReply, type Exchange, type ProviderState, type Reply } from './exchange.ts';
import { faultNumber, type FaultSetting } from './faults.ts';
import { unauthorized } from './credentials.ts';
import { ScimRefusal } from './refusal.ts';
import { route } from './router.ts';

/** What becomes of a request: an answer, or a broken connection. */
export type Outcome =
  | { readonly reply: Reply }
  | { readonly reset: true; readonly applied: boolean; readonly resourceId: string | undefined };

const HTML = '<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>';

function htmlReply(): Reply {
  return { status: 502, headers: { 'content-type': 'text/html; charset=utf-8' }, body: HTML };
}

/** A refusal as this provider words errors, or with the status as a number where the fault says so. */
function refusalReply(state: ProviderState, exchange: Exchange, refusal: ScimRefusal): Reply {
  const numeric = state.behaviour.errorStatus === 'number' || exchange.faults('intStatus') !== undefined;
  return errorReply(refusal, numeric);
}

function throttleReply(state: ProviderState, exchange: Exchange, setting: FaultSetting): Reply {
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  if (setting.value === 'none') return { status: 429, headers, body: 'Too Many Requests' };
  if (setting.value === 'x-header')
    return { status: 429, headers: { ...headers, 'x-retry-after': '10' }, body: 'Rate limit exceeded' };
  // A date has no fractions of a second: two seconds ahead is at least one.
  const wait = setting.value === 'date' ? new Date(state.now() + 2000).toUTCString() : String(faultNumber(setting, 1));
  const refusal = new ScimRefusal(429, 'too many requests', undefined, { 'retry-after': wait });
  return refusalReply(state, exchange, refusal);
}

function isWriteOnResource(exchange: Exchange): boolean {
  return ['PUT', 'PATCH', 'DELETE'].includes(exchange.method);
}

/** Faults that answer in place of the provider; nothing was looked at. */
function faultBefore(state: ProviderState, exchange: Exchange): Outcome | undefined {
  const { faults } = exchange;
  if (faults('resetBefore')) return { reset: true, applied: false, resourceId: undefined };
  const throttle = faults('throttle');
  if (throttle) return { reply: throttleReply(state, exchange, throttle) };
  const unavailable = faults('unavailable');
  if (unavailable) {
    const headers = unavailable.value === undefined ? {} : { 'retry-after': String(unavailable.value) };
    return { reply: refusalReply(state, exchange, new ScimRefusal(503, 'not available', undefined, headers)) };
  }
  if (faults('htmlBody')) return { reply: htmlReply() };
  const failure = faults('failBefore');
  if (failure)
    return {
      reply: refusalReply(state, exchange, new ScimRefusal(faultNumber(failure, 500), 'a fault, nothing was done')),
    };
  if (faults('expiredToken')) throw unauthorized('the token has expired', 'invalid_token');
  if (faults('forbidden')) throw new ScimRefusal(403, 'not allowed');
  const locked = isWriteOnResource(exchange) ? faults('resourceLocked429') : undefined;
  if (locked) {
    const headers = locked.value === undefined ? {} : { 'retry-after': String(locked.value) };
    return { reply: { ...errorReply(new ScimRefusal(429, 'resource_locked'), true), headers } };
  }
  return undefined;
}

/** Faults that hide the answer of a request that was carried out. */
function faultAfter(state: ProviderState, exchange: Exchange, reply: Reply): Outcome | undefined {
  const { faults } = exchange;
  const facts = {
    applied: reply.applied ?? false,
    ...(reply.resourceId === undefined ? {} : { resourceId: reply.resourceId }),
  };
  if (faults('resetAfter')) return { reset: true, applied: facts.applied, resourceId: reply.resourceId };
  const failure = faults('failAfter');
  if (failure)
    return {
      reply: {
        ...refusalReply(state, exchange, new ScimRefusal(faultNumber(failure, 500), 'Internal Server Error')),
        ...facts,
      },
    };
  if (faults('htmlAfter')) return { reply: { ...htmlReply(), ...facts } };
  if (exchange.method !== 'GET' && faults('accepted202')) return { reply: { status: 202, ...facts } };
  return undefined;
}

function authorise(state: ProviderState, exchange: Exchange): void {
  if (exchange.path === state.behaviour.configPath && exchange.faults('spcUnauthenticated')) return;
  const coupledTo = state.behaviour.tokenOwner === 'coupled' ? state.store : undefined;
  const header = exchange.headers['authorization'];
  state.credentials.check(typeof header === 'string' ? header : undefined, state.now(), coupledTo);
}

function answerTruly(state: ProviderState, exchange: Exchange): Outcome {
  const before = faultBefore(state, exchange);
  if (before !== undefined) return before;
  authorise(state, exchange);
  state.rates.admit(state.behaviour.rates, exchange);
  if (state.behaviour.userAgent === 'required' && (exchange.headers['user-agent'] ?? '') === '')
    throw new ScimRefusal(403, 'a User-Agent header is required');
  if (exchange.bodyProblem !== undefined) throw exchange.bodyProblem;
  const reply = route(state, exchange);
  return faultAfter(state, exchange, reply) ?? { reply };
}

/** Answers one SCIM request, faults included. Never throws for anything a client sent. */
export function answer(state: ProviderState, exchange: Exchange): Outcome {
  try {
    return answerTruly(state, exchange);
  } catch (error) {
    if (!(error instanceof ScimRefusal)) throw error;
    return { reply: refusalReply(state, exchange, error) };
  }
}
