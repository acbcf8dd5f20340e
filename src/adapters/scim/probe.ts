import { randomUUID } from 'node:crypto';
import { UnauthorizedError } from '../../core/errors.ts';
import type { ProbeOutcome } from '../../ports/credential-desk.ts';
import type { Exchange } from './exchange.ts';

/** A filter for a user that cannot exist: the request Entra tests a connection with. */
export function unknownUser(): Readonly<Record<string, string>> {
  return { startIndex: '1', count: '1', filter: `userName eq "${randomUUID()}"` };
}

/** The token with its last character changed: one that nobody ever issued. */
function corrupted(token: string): string {
  return `${token.slice(0, -1)}${token.endsWith('x') ? 'y' : 'x'}`;
}

/** Whether the provider refuses a corrupted copy of a token. Where it does not, accepting the right one proves nothing. */
export async function refusesCorrupted(exchange: Exchange, token: string): Promise<boolean> {
  return (await readWith(exchange, corrupted(token))) !== 'accepted';
}

/** Requirement T5: an authenticated read works, and a corrupted token is refused. Reads only. */
export async function probeToken(exchange: Exchange, token: string): Promise<ProbeOutcome> {
  const outcome = await readWith(exchange, token);
  if (outcome !== 'accepted') return outcome;
  return (await refusesCorrupted(exchange, token)) ? 'accepted' : 'unguarded';
}

async function readWith(exchange: Exchange, token: string): Promise<'accepted' | 'refused' | 'forbidden'> {
  try {
    await exchange.send({ method: 'GET', collection: 'Users', parameters: unknownUser(), token });
    return 'accepted';
  } catch (error) {
    return refusalOf(error);
  }
}

/** What a refusal says of a credential. Throws on whatever is no refusal: of a provider that is away nothing is known. */
function refusalOf(error: unknown): 'refused' | 'forbidden' {
  if (!(error instanceof UnauthorizedError)) throw error;
  return error.facts.status === 403 ? 'forbidden' : 'refused';
}
