import {
  HeadgateError,
  IncompleteReadError,
  RejectedError,
  ThrottledError,
  TransientError,
  UnauthorizedError,
} from '../core/errors.ts';

/** An error of a service provider, with the connection it concerns. */
export function ofConnection(error: HeadgateError, connection: string): HeadgateError {
  const facts = { ...error.facts, connection };
  if (error instanceof ThrottledError) return new ThrottledError(error.message, error.retryAfterMs, error.scope, facts);
  for (const kind of [UnauthorizedError, TransientError, RejectedError, IncompleteReadError]) {
    if (error instanceof kind) return new kind(error.message, facts);
  }
  return error;
}

/** Both sides may fail or refuse a credential; only the service provider's trouble concerns the connection itself. */
export async function naming<T>(connection: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw error instanceof HeadgateError ? ofConnection(error, connection) : error;
  }
}
