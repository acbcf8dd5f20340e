import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isHeadgateError } from '../core/errors.ts';
import type { Log } from '../ports/log.ts';
import { problem, problemOf, ProblemError, type Problem } from './problem.ts';

/** Sends a problem as `application/problem+json` (RFC 9457 section 3). */
export function sendProblem(reply: FastifyReply, value: Problem): FastifyReply {
  if (value.retryAfter !== undefined) void reply.header('retry-after', String(value.retryAfter));
  return reply.code(value.status).type('application/problem+json').send(value);
}

/**
 * Turns whatever was thrown into a problem. Of an unknown failure the caller learns an id and nothing else; the failure
 * itself is logged under that id.
 */
export function describeFailure(error: unknown, log: Log, where: object): Problem {
  if (error instanceof ProblemError) return error.problem;
  if (isHeadgateError(error)) {
    const known = problemOf(error);
    if (known.status >= 500) log.warn({ ...where, code: known.code, err: error }, 'request failed');
    return known;
  }
  const refused = refusedByServer(error);
  if (refused !== undefined) return refused;
  const errorId = randomUUID();
  log.error({ ...where, errorId, err: error }, 'request failed unexpectedly');
  return problem(
    500,
    'internal',
    `Headgate failed in a way it does not know. The log has the cause under ${errorId}.`,
    {
      remedy: `Search the log for ${errorId}.`,
    },
  );
}

/** Requests that Fastify itself turns away: their codes are documented, their messages are not passed on. */
const SERVER_REFUSALS: Readonly<Record<string, readonly [status: number, code: string, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'body-too-large', 'The request body is larger than this server accepts.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'media-type', 'The request body must be application/json.'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'invalid-json', 'The request body is not valid JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'invalid-json', 'The request body is empty.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'invalid-request', 'The body is not as long as Content-Length says.'],
};

function refusedByServer(error: unknown): Problem | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const refusal = SERVER_REFUSALS[error.code];
  if (refusal !== undefined) return problem(...refusal);
  const status = 'statusCode' in error ? Number(error.statusCode) : 500;
  // The rest of Fastify's own refusals (a path that cannot be decoded, for one) are all about a malformed request.
  const malformed = error.code.startsWith('FST_') && status >= 400 && status < 500;
  return malformed ? problem(status, 'invalid-request', 'The request cannot be understood.') : undefined;
}

/** Route pattern and method: enough to find the place, nothing of what was asked for. */
export function whereOf(request: FastifyRequest): { readonly method: string; readonly route: string } {
  return { method: request.method, route: request.routeOptions.url ?? 'none' };
}

/** Makes every failure and every unknown path of the server a problem. */
export function answerFailures(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error, request, reply) => sendProblem(reply, describeFailure(error, log, whereOf(request))));
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(
      reply,
      problem(404, 'no-such-path', 'There is nothing at this path.', {
        remedy: 'The start page, /, lists what there is.',
      }),
    ),
  );
}
