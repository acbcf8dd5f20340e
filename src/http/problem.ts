import { STATUS_CODES } from 'node:http';
import { ConfigError, RefusedError, ThrottledError, type ConfigProblem, type HeadgateError } from '../core/errors.ts';

/** What is wrong with one part of a request or of the configuration. */
export interface ProblemDetail {
  /** `body.kind`, `query.limit`, or the path in the configuration. */
  readonly path: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
}

/** An error answer in the form of RFC 9457, with `code` for programs and `remedy` for people. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly remedy?: string;
  readonly problems?: readonly ProblemDetail[];
  /** What the directory or the service provider answered, when it is its failure. */
  readonly remote?: { readonly status?: number; readonly scimType?: string; readonly requestId?: string };
  /** Seconds to wait; also sent as Retry-After. */
  readonly retryAfter?: number;
}

/** A request that is answered with a problem. Never leaves the HTTP server. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

type ProblemExtras = Pick<Problem, 'remedy' | 'problems' | 'remote' | 'retryAfter'>;

/** Builds a problem; the title is the phrase of the status (RFC 9110 section 15). */
export function problem(status: number, code: string, detail: string, extras: ProblemExtras = {}): Problem {
  const title = STATUS_CODES[status] ?? 'Error';
  return { type: `urn:headgate:problem:${code}`, title, status, detail, code, ...extras };
}

/** HTTP status and code of each class of the error family. 502: the other side failed, not this request. */
const ANSWERS: Readonly<Record<string, readonly [status: number, code: string]>> = {
  TransientError: [502, 'remote-unavailable'],
  InDoubtError: [502, 'in-doubt'],
  ThrottledError: [503, 'remote-throttled'],
  NotFoundError: [404, 'remote-not-found'],
  ConflictError: [502, 'remote-conflict'],
  RejectedError: [502, 'remote-rejected'],
  UnauthorizedError: [502, 'remote-unauthorized'],
  IncompleteReadError: [502, 'incomplete-read'],
  ReadOnlyError: [409, 'read-only'],
  ConfigError: [422, 'config'],
  StartupError: [503, 'startup'],
};

const REFUSALS: Readonly<Record<RefusedError['code'], number>> = {
  'cycle-open': 409,
  'plan-stale': 409,
  'probe-open': 409,
  'connection-paused': 409,
  'connection-off': 409,
  'migration-open': 409,
  'migration-refused': 409,
  'journal-broken': 409,
  guard: 409,
  hold: 409,
  ambiguous: 409,
  credential: 409,
  configured: 409,
  'not-found': 404,
  'shutting-down': 503,
};

/** The problem that tells an operator what a failure of the error family means. Pure. */
export function problemOf(error: HeadgateError): Problem {
  const [status, code] = answerTo(error);
  const { status: remoteStatus, scimType, requestId, remedy } = error.facts;
  const remote = {
    ...(remoteStatus === undefined ? {} : { status: remoteStatus }),
    ...(scimType === undefined ? {} : { scimType }),
    ...(requestId === undefined ? {} : { requestId }),
  };
  return problem(status, code, error.message, {
    ...(remedy === undefined ? {} : { remedy }),
    ...(Object.keys(remote).length === 0 ? {} : { remote }),
    ...(error instanceof ConfigError ? { problems: error.problems satisfies readonly ConfigProblem[] } : {}),
    ...(error instanceof ThrottledError ? { retryAfter: Math.max(1, Math.ceil(error.retryAfterMs / 1000)) } : {}),
  });
}

function answerTo(error: HeadgateError): readonly [number, string] {
  if (error instanceof RefusedError) return [REFUSALS[error.code], error.code];
  return ANSWERS[error.name] ?? [500, 'internal'];
}
