import type { IncomingMessage } from 'node:http';
import type { Value } from './json.ts';
import { badRequest, ScimRefusal } from './refusal.ts';

/** The whole body of a request, or `too-large`; undefined when the client went away before its end. */
export function collectBody(request: IncomingMessage, limit: number): Promise<Buffer | 'too-large' | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      // The rest is read and dropped, so that the answer can still be sent on the same connection.
      if (size <= limit) chunks.push(chunk);
    });
    request.on('end', () => {
      resolve(size > limit ? 'too-large' : Buffer.concat(chunks));
    });
    request.on('error', () => {
      resolve(undefined);
    });
    request.on('close', () => {
      resolve(undefined);
    });
  });
}

/** A body that was read, or why it cannot be used. */
export interface ReadBody {
  readonly body: Value | undefined;
  readonly bodyProblem: ScimRefusal | undefined;
}

function problem(refusal: ScimRefusal): ReadBody {
  return { body: undefined, bodyProblem: refusal };
}

/** Parses a JSON body. Only application/scim+json and application/json are taken (RFC 7644 section 3.1). */
export function parseBody(raw: Buffer | 'too-large', contentType: string | undefined): ReadBody {
  if (raw === 'too-large') return problem(new ScimRefusal(413, 'the body is too large'));
  if (raw.length === 0) return { body: undefined, bodyProblem: undefined };
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/scim+json' && type !== 'application/json') {
    return problem(new ScimRefusal(415, 'the body must be application/scim+json'));
  }
  try {
    const body: Value = JSON.parse(raw.toString('utf8'));
    return { body, bodyProblem: undefined };
  } catch {
    return problem(badRequest('invalidSyntax', 'the body is not JSON'));
  }
}
