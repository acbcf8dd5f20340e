import type { Notification } from './notification.ts';

/** How the end of a retired token is known; of what was told by older versions nobody knows. */
const HOW_ENDED: Readonly<Partial<Record<string, string>>> = {
  refused: ': the service provider refuses it',
  'by-person': ': a person says that it was deleted at the service provider; nobody could see whether that refuses it',
};

/** One notification as a sentence, with what to do where there is something to do. */
export function sentenceOf({ kind, connection, facts }: Pick<Notification, 'kind' | 'connection' | 'facts'>): string {
  const fact = (name: string) => String(facts[name] ?? '?');
  const token = `token ${fact('fingerprint')} of ${connection}`;
  switch (kind) {
    case 'token.generated':
      return facts['first'] !== undefined
        ? `Headgate works with the ${token}, which it found in the configuration; it knew none of ${connection} before.`
        : `A new ${token} was handed to Headgate. If nobody here did that, revoke it at the service provider.`;
    case 'token.promoted':
      return `The ${token} is in use now. The one before it is still accepted until it is deleted at the service provider: headgate token rotate -c ${connection}`;
    case 'token.switched':
      return `The service provider refused the token in use; Headgate switched to the ${token} once, and will not do so again by itself. See: headgate token list -c ${connection}`;
    case 'token.retired':
      return `The ${token} is retired${HOW_ENDED[fact('confirmed')] ?? ''}.`;
    case 'token.revoked':
      return `The ${token} is revoked and dead.`;
    case 'token.expiring':
      return facts['days'] === 0
        ? `The ${token} has expired. Replace it: headgate token rotate -c ${connection}`
        : `The ${token} expires within ${fact('days')} ${facts['days'] === 1 ? 'day' : 'days'}. Replace it: headgate token rotate -c ${connection}`;
    case 'token.owner':
      return facts['absent'] === undefined
        ? `Another owner was named for the ${token}, and only that user is held for it from now on. If nobody here did that: headgate token show ${fact('fingerprint')} -c ${connection}`
        : `The directory does not know the owner of the ${token} (any more), with whose account it may end. Replace it under an owner who stays: headgate token rotate -c ${connection}; or name the owner anew: headgate token list -c ${connection}`;
    case 'connection.paused':
      return `Connection ${connection} is paused, and nothing is sent. Why, and what to do: headgate status`;
    case 'connection.quarantined':
      return `Connection ${connection} is in quarantine, and nothing is written: ${fact('reason')}. It is tried again by itself; see: headgate quarantine show -c ${connection}`;
    case 'connection.recovered':
      return `Connection ${connection} goes on.`;
    case 'cycle.failing': {
      const cycles = facts['failures'] === 1 ? 'The last cycle' : `The last ${fact('failures')} cycles`;
      return `${cycles} of ${connection} failed or had to be stopped, and none has got through since: what changes in the directory is not carried out, and people who leave keep their access. Why, and what to do: headgate cycle list -c ${connection}`;
    }
    case 'cycle.recovered':
      return `Cycles of ${connection} get through again.`;
    case 'hold.waiting':
      return `Guards of ${connection} hold operations and wait for a person (${fact('guards')}; ${fact('operations')} held). See: headgate holds list -c ${connection}`;
    case 'hold.lifted':
      return `Nothing of ${connection} waits for a person any more (it was held by ${fact('guards')}).`;
    case 'migration.gate':
      return facts['closed'] !== undefined
        ? `The gate ${fact('gate')} of the migration ${fact('migration')} of ${connection} has closed again (${fact('closed')}): the yes given before counts no more. Look, and say yes again: headgate migration status ${connection}`
        : `The migration ${fact('migration')} of ${connection} waits at the gate ${fact('gate')} for somebody to look and say yes: headgate migration status ${connection}`;
    case 'migration.paused':
      return `The migration ${fact('migration')} of ${connection} is paused at ${fact('step')}, and a person must look: headgate migration status ${connection}`;
    case 'migration.ended':
      return `The migration ${fact('migration')} of ${connection} has ended: ${fact('result')}. See: headgate migration report ${connection}`;
    case 'migration.broken':
      return `The journal of the migration of ${connection} is not as it was written, and nothing is done for it: somebody has changed the database. Where, and what to do: headgate status`;
    case 'test':
      return 'This is a test. Notifications of Headgate arrive here.';
    default:
      return kind satisfies never;
  }
}

/** Subject of a message about some notifications. */
export function subjectOf(notifications: readonly Notification[]): string {
  const [first] = notifications;
  if (first === undefined) return 'Headgate';
  const what = `${first.kind}${first.connection === '' ? '' : ` (${first.connection})`}`;
  return notifications.length === 1
    ? `Headgate: ${what}`
    : `Headgate: ${notifications.length} notifications, ${what} first`;
}

/** Body of a message about some notifications, oldest first. */
export function textOf(notifications: readonly Notification[]): string {
  return notifications.map((one) => `${new Date(one.at).toISOString()}  ${one.kind}\n${sentenceOf(one)}`).join('\n\n');
}
