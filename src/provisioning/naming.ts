import {
  HeadgateError,
  IncompleteReadError,
  RejectedError,
  TransientError,
  UnauthorizedError,
} from '../core/errors.ts';

function named(error: HeadgateError, connection: string): HeadgateError {
  const facts = { ...error.facts, connection };
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
    throw error instanceof HeadgateError ? named(error, connection) : error;
  }
}
