import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../../core/scim.ts';

/** A refused token request, with the AADSTS code Entra gives. */
export class LoginRefusal extends Error {
  override readonly name = 'LoginRefusal';
  readonly status: number;
  readonly error: string;
  readonly code: number;
  constructor(status: number, error: string, code: number, message: string) {
    super(message);
    this.status = status;
    this.error = error;
    this.code = code;
  }
}

export function invalidClient(code: number, message: string): LoginRefusal {
  return new LoginRefusal(401, 'invalid_client', code, message);
}

export function invalidRequest(code: number, message: string): LoginRefusal {
  return new LoginRefusal(400, 'invalid_request', code, message);
}

/** Entra's error body: the description carries code, trace id, correlation id and time in one text. */
export function loginErrorBody(refusal: LoginRefusal, correlationId: string, now: number): JsonObject {
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const trace = randomUUID();
  const said = `AADSTS${refusal.code}: ${refusal.message}`;
  return {
    error: refusal.error,
    error_description: `${said} Trace ID: ${trace} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [refusal.code],
    timestamp,
    trace_id: trace,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${refusal.code}`,
  };
}
