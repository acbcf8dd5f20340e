import {
  ConflictError,
  type HeadgateError,
  InDoubtError,
  NotFoundError,
  TransientError,
  UnauthorizedError,
  type RequestShape,
} from './errors.ts';

/** Why an operation was put aside, or a connection: the other side's own answer, what was asked of it, and what to do. */
export interface OperationFailure {
  /** Entra's name for it where one fits (Learn: howto-analyze-provisioning-logs), so that admins can look it up. */
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  readonly scimType?: string;
  /** The provider's own words, sanitised by the adapter. */
  readonly detail?: string;
  readonly requestId?: string;
  readonly request?: RequestShape;
  readonly remedy?: string;
}

const BY_STATUS: Readonly<Record<number, string>> = {
  403: 'InsufficientRights',
  405: 'MethodNotAllowed',
  422: 'UnprocessableEntity',
  501: 'NotImplemented',
};

const BY_SCIM_TYPE: Readonly<Record<string, string>> = {
  invalidPath: 'SchemaAttributeNotFound',
  noTarget: 'SchemaAttributeNotFound',
  tooMany: 'SystemForCrossDomainIdentityManagementMultipleEntriesInResponse',
};

function codeOf(error: HeadgateError): string {
  const { status, scimType, noAnswer } = error.facts;
  if (error instanceof ConflictError) return 'EntryConflict';
  if (error instanceof NotFoundError) return 'InvalidAnchor';
  if (error instanceof UnauthorizedError && status !== 403) return 'Unauthorized';
  if (noAnswer === true) return 'Timeout';
  if (error instanceof InDoubtError || error instanceof TransientError) return 'InternalServerError';
  return (
    (scimType === undefined ? undefined : BY_SCIM_TYPE[scimType]) ??
    (status === undefined ? undefined : BY_STATUS[status]) ??
    'WebExceptionProtocolError'
  );
}

/** What is kept of an error of the family, for people to mend its cause. */
export function failureOf(error: HeadgateError): OperationFailure {
  const { status, scimType, detail, requestId, request, remedy } = error.facts;
  return {
    code: codeOf(error),
    message: error.message,
    ...(status === undefined ? {} : { status }),
    ...(scimType === undefined ? {} : { scimType }),
    ...(detail === undefined ? {} : { detail }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(request === undefined ? {} : { request }),
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/** Whether the provider gave no answer at all, or answered that it cannot: nothing that the object has to do with. */
export function isUnreachable(error: unknown): error is TransientError | InDoubtError {
  if (!(error instanceof TransientError) && !(error instanceof InDoubtError)) return false;
  return error.facts.noAnswer === true || (error.facts.status ?? 0) >= 500;
}
