/** What was asked, without a single value: method, collection and the names of the attributes that were sent. */
export interface RequestShape {
  readonly method: string;
  readonly collection: string;
  readonly attributes: readonly string[];
}

/** Entra's names for failures of provisioning (Learn: howto-analyze-provisioning-logs), as far as they fit. */
export type FailureCode =
  | 'Conflict'
  | 'EntryConflict'
  | 'TooManyRequests'
  | 'InternalServerError'
  | 'Timeout'
  | 'Unauthorized'
  | 'InsufficientRights'
  | 'MethodNotAllowed'
  | 'NotImplemented'
  | 'NotPermitted'
  | 'UnprocessableEntity'
  | 'MandatoryFieldsMissing'
  | 'SchemaAttributeNotFound'
  | 'SchemaPropertyCanOnlyAcceptValue'
  | 'InvalidDomain'
  | 'LicenseLimitExceeded'
  | 'DuplicateTargetEntries'
  | 'InvalidAnchor'
  | 'SystemForCrossDomainIdentityManagementMultipleEntriesInResponse'
  | 'SystemForCrossDomainIdentityManagementServiceIncompatible'
  | 'WebExceptionProtocolError';

/** Facts of a failed request that an operator needs. Never a token, a body or a query string. */
export interface FailureFacts {
  readonly status?: number;
  readonly scimType?: string;
  /** Entra's name for it, where it is known better than by the answer. */
  readonly code?: FailureCode;
  /** The remote side's own words, cut and with secrets, addresses and identifiers masked. For people, never for logs. */
  readonly detail?: string;
  readonly request?: RequestShape;
  /** The other side said that it does not take the credential itself: the only proof that one is dead. */
  readonly credentialRefused?: boolean;
  /** No answer came: the other side, or the way to it, is down. */
  readonly noAnswer?: boolean;
  /** The remote side's request id. */
  readonly requestId?: string;
  /** The connection whose service provider could not be read; absent when it was the directory. */
  readonly connection?: string;
  /** What to do next, in one sentence. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/**
 * The closed error family. A class says what the caller must do next; adapters translate every vendor failure
 * into one of these, and nobody tests an error by its message.
 */
export abstract class HeadgateError extends Error {
  abstract override readonly name: string;
  readonly facts: FailureFacts;
  constructor(message: string, facts: FailureFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.facts = facts;
  }
}

/** Network failure, timeout or 5xx on a read, or on a write known not to have happened: try again later. */
export class TransientError extends HeadgateError {
  override readonly name = 'TransientError';
}

/** SQLSTATE `disk_full` (PostgreSQL manual, appendix A). */
export const SQLSTATE_DISK_FULL = '53100';

/** The database has no room left: it can be read, and not written. */
export class DiskFullError extends TransientError {}

/** The database has no room left. What was not acknowledged did not happen, and work goes on once there is room. */
export function diskFull(): DiskFullError {
  return new DiskFullError('the disk of the database is full', {
    remedy: 'Free some space where the database lies; Headgate goes on by itself, and nothing acknowledged was lost.',
  });
}

/** A write without a trustworthy answer (timeout, broken connection, 5xx, 202): read before doing anything else. */
export class InDoubtError extends HeadgateError {
  override readonly name = 'InDoubtError';
}

/** 429, or 503 with a time: wait exactly that long; no attempt is spent. */
export class ThrottledError extends HeadgateError {
  override readonly name = 'ThrottledError';
  readonly retryAfterMs: number;
  /** `resource` when only this one resource is locked (Slack), else the whole connection waits. */
  readonly scope: 'connection' | 'resource';
  constructor(
    message: string,
    retryAfterMs: number,
    scope: 'connection' | 'resource' = 'connection',
    facts: FailureFacts = {},
  ) {
    super(message, facts);
    this.retryAfterMs = retryAfterMs;
    this.scope = scope;
  }
}

/** 404 or 410 on one object. A removal is done; anything else drops the link and plans anew. */
export class NotFoundError extends HeadgateError {
  override readonly name = 'NotFoundError';
}

/** 409 or scimType uniqueness: look the object up; adopt it only if it is ours. */
export class ConflictError extends HeadgateError {
  override readonly name = 'ConflictError';
}

/** Any other 4xx for one object: escrow it, do not retry now. */
export class RejectedError extends HeadgateError {
  override readonly name = 'RejectedError';
}

/** 401 or 403 for the connection's credential: stop the connection at once, tell a person. */
export class UnauthorizedError extends HeadgateError {
  override readonly name = 'UnauthorizedError';
}

/** A read that did not reach its end, or contradicts itself. No removal may follow from it. */
export class IncompleteReadError extends HeadgateError {
  override readonly name = 'IncompleteReadError';
}

/** A write was attempted through a client that may only read. A defect, or a dry run doing its job. */
export class ReadOnlyError extends HeadgateError {
  override readonly name = 'ReadOnlyError';
}

/** One thing wrong with the configuration, with its place in the file where it has one. */
export interface ConfigProblem {
  readonly path: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
}

/** The configuration cannot be used. Carries every problem, not the first. Exit code 78. */
export class ConfigError extends HeadgateError {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];
  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(`${file}: ${inShort(problems)}`);
    this.problems = problems;
  }
}

/** A single problem that has no line in the file, such as a secret that cannot be read: the message tells it whole. */
export function toldWhole(problems: readonly ConfigProblem[]): ConfigProblem | undefined {
  const [only, ...more] = problems;
  return more.length === 0 && only?.line === undefined ? only : undefined;
}

function inShort(problems: readonly ConfigProblem[]): string {
  const only = toldWhole(problems);
  if (only !== undefined) return only.path === '' ? only.message : `${only.path}: ${only.message}`;
  return `${problems.length} problem${problems.length === 1 ? '' : 's'} in the configuration`;
}

/** The environment is not fit to start (Redis may evict, a data directory is taken, a database is newer than this program). */
export class StartupError extends HeadgateError {
  override readonly name = 'StartupError';
}

/** The request cannot be granted now because of something already there (an open cycle, a stale plan). Exit code 3. */
export class RefusedError extends HeadgateError {
  override readonly name = 'RefusedError';
  readonly code:
    | 'cycle-open'
    | 'plan-stale'
    | 'probe-open'
    | 'connection-paused'
    | 'connection-off'
    | 'migration-open'
    | 'migration-refused'
    | 'journal-broken'
    | 'guard'
    | 'hold'
    | 'credential'
    | 'configured'
    | 'not-found'
    | 'ambiguous'
    | 'shutting-down';
  constructor(code: RefusedError['code'], message: string, facts: FailureFacts = {}) {
    super(message, facts);
    this.code = code;
  }
}

/** Whether an error is one of ours; anything else is a defect and is treated as such. */
export function isHeadgateError(error: unknown): error is HeadgateError {
  return error instanceof HeadgateError;
}
