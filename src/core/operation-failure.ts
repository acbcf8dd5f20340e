import { type HeadgateError, InDoubtError, TransientError, type RequestShape } from './errors.ts';
import { adviceOn } from './failure-codes.ts';

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
  /** Absent in what older versions stored. */
  readonly remedy?: string;
}

/** What is kept of an error of the family, for people to mend its cause. */
export function failureOf(error: HeadgateError): OperationFailure {
  const { status, scimType, detail, requestId, request } = error.facts;
  return {
    ...adviceOn(error),
    message: error.message,
    ...(status === undefined ? {} : { status }),
    ...(scimType === undefined ? {} : { scimType }),
    ...(detail === undefined ? {} : { detail }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(request === undefined ? {} : { request }),
  };
}

/** Whether the provider gave no answer at all, or answered that it cannot: nothing that the object has to do with. */
export function isUnreachable(error: unknown): error is TransientError | InDoubtError {
  if (!(error instanceof TransientError) && !(error instanceof InDoubtError)) return false;
  return error.facts.noAnswer === true || (error.facts.status ?? 0) >= 500;
}
