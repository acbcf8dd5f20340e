import { afterEvent, isRefusal, type Credential, type CredentialEvent } from '../../core/credential.ts';
import { RefusedError } from '../../core/errors.ts';
import { whichCredential } from '../../core/which-credential.ts';
import type { CredentialChange, CredentialStore, StoredCredential } from '../../ports/credentials.ts';
import type { Clock } from '../../ports/clock.ts';

export interface ChangePorts {
  readonly stores: { readonly credentials: CredentialStore };
  readonly clock: Clock;
}

/** The change an event makes of a stored credential. RefusedError('credential') when it cannot happen now. */
export function changeOf(
  credential: StoredCredential,
  event: CredentialEvent,
  {
    by,
    now,
    ...more
  }: { readonly by: string; readonly now: number } & Pick<CredentialChange, 'detail' | 'eraseSecret'>,
): CredentialChange {
  const after = afterEvent(credential, event, now);
  if (isRefusal(after)) throw new RefusedError('credential', after.refused, { remedy: after.remedy });
  return { after, from: credential.version, event: event.kind, by, ...more };
}

/** Writes changes, all or none. RefusedError('credential') when somebody else was first. */
export async function applyChanges(ports: ChangePorts, changes: readonly CredentialChange[]): Promise<void> {
  if (await ports.stores.credentials.change(changes)) return;
  throw new RefusedError('credential', 'somebody else has changed this credential meanwhile', {
    remedy: 'look at it again: headgate token list',
  });
}

/** The credential a reference names. RefusedError when there is none, or several. */
export async function findCredential(ports: ChangePorts, reference: string): Promise<StoredCredential> {
  return whichCredential(await ports.stores.credentials.list(), reference);
}

/** RefusedError('credential') for a token whose last day, as somebody told it, is over: it would be told of as expired ever after. */
export function requireDayAhead(expiresAt: number | undefined, now: number): void {
  if (expiresAt === undefined || expiresAt > now) return;
  const day = new Date(expiresAt - 1).toISOString().slice(0, 10);
  throw new RefusedError('credential', `the last day given for the token is ${day}, and that is over`, {
    remedy:
      'look the day up at the service provider and give that; or hand the token over without --expires (expiresAt).',
  });
}

/** The active credential of a list of one connection's. */
export function activeOf<C extends Credential>(credentials: readonly C[]): C | undefined {
  return credentials.find(({ state }) => state === 'active');
}
