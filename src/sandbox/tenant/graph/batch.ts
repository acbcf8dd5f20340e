import { z } from 'zod';
import type { Json, JsonObject } from '../../../core/scim.ts';
import type { GraphAnswer, GraphRequest } from './call.ts';
import type { Dispatch, DispatchedAnswer } from './dispatch.ts';
import { badRequest, errorBody } from './refusal.ts';

/** JSON batching takes no more requests than this. */
const MAX_REQUESTS = 20;

const STEP = z.strictObject({
  id: z.string().min(1),
  method: z.string(),
  url: z.string(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.json().optional(),
  dependsOn: z.array(z.string()).optional(),
});

type Step = z.infer<typeof STEP>;

const BATCH = z.strictObject({ requests: z.array(STEP) });

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function parseSteps(body: Json | undefined): readonly Step[] {
  const parsed = BATCH.safeParse(body);
  if (!parsed.success) throw badRequest('Invalid batch payload format.');
  const { requests } = parsed.data;
  if (requests.length === 0) throw badRequest('Invalid batch payload format.');
  if (requests.length > MAX_REQUESTS) {
    throw badRequest(`Number of batch request steps exceeds the maximum value of ${MAX_REQUESTS}.`);
  }
  const ids = new Set<string>();
  for (const step of requests) {
    if (ids.has(step.id)) throw badRequest(`Request Id : ${step.id} is duplicated in the batch.`);
    requireSound(step, ids);
    ids.add(step.id);
  }
  return requests;
}

function requireSound(step: Step, earlier: ReadonlySet<string>): void {
  const headers = lowerCase(step.headers ?? {});
  if (step.body !== undefined && headers['content-type'] === undefined) {
    throw badRequest(`Write request id : ${step.id} does not contain Content-Type header or body.`);
  }
  if (/^\w+:\/\//.test(step.url)) throw badRequest(`Invalid url in request id : ${step.id}. It must be relative.`);
  if (/^\/?\$batch/i.test(step.url)) throw badRequest('Nested batch requests are not supported.');
  const unknown = step.dependsOn?.find((id) => !earlier.has(id));
  if (unknown !== undefined) {
    throw badRequest(`Request id : ${step.id} depends on ${unknown}, which is not an earlier request.`);
  }
}

/** JSON as it is; anything else base64url-encoded, as Graph documents for bodies that are not JSON. */
function batchedBody(body: Json | undefined): { readonly type?: string; readonly body?: Json } {
  if (body === undefined) return {};
  if (typeof body !== 'string') return { type: 'application/json', body };
  return { type: 'text/plain', body: Buffer.from(body).toString('base64url') };
}

function stepAnswer(step: Step, answer: GraphAnswer): JsonObject {
  const { type, body } = batchedBody(answer.body);
  const headers = { ...answer.headers, ...(type === undefined ? {} : { 'Content-Type': type }) };
  return { id: step.id, status: answer.status, headers: renamed(headers), ...(body === undefined ? {} : { body }) };
}

/** Header names inside a batch are cased the way Graph shows them. */
function renamed(headers: Readonly<Record<string, string>>): Record<string, string> {
  const { 'retry-after': retryAfter, ...others } = headers;
  return retryAfter === undefined ? others : { ...others, 'Retry-After': retryAfter };
}

/**
 * `POST /$batch`: every step is a request of its own, counted and throttled by itself, and the envelope is 200
 * whatever they answer. The answers come in reverse order, because Graph promises none.
 */
export function answerBatch(request: GraphRequest, dispatch: Dispatch, now: () => number): GraphAnswer {
  const failed = new Set<string>();
  const responses = parseSteps(request.body).map((step) => {
    const answer = step.dependsOn?.some((id) => failed.has(id)) === true ? undefined : answered(step);
    const shown = answer === undefined ? failedDependency(step) : stepAnswer(step, answer);
    if (answer === undefined || answer.status >= 400) failed.add(step.id);
    return shown;
  });

  function answered(step: Step): DispatchedAnswer {
    const target = step.url.startsWith('/') ? step.url : `/${step.url}`;
    const headers = lowerCase(step.headers ?? {});
    const answer = dispatch({ ...request, method: step.method.toUpperCase(), target, headers, body: step.body });
    // A broken transport cannot show inside an envelope; the step fails instead.
    if (answer.transport === undefined || answer.transport.kind === 'slow') return answer;
    return { status: 503, body: refusal('serviceNotAvailable', 'The service is not available.') };
  }

  function refusal(code: string, message: string): JsonObject {
    return errorBody(code, message, { requestId: '', clientRequestId: '' }, now());
  }

  function failedDependency(step: Step): JsonObject {
    const body = refusal('FailedDependency', 'A request this one depends on has failed.');
    return { id: step.id, status: 424, headers: { 'Content-Type': 'application/json' }, body };
  }

  return { status: 200, body: { responses: responses.toReversed() } };
}
