import { RefusedError } from '../core/errors.ts';
import type { Connection } from '../ports/index.ts';
import type { Explanation } from '../ports/operator.ts';
import type { Stores } from '../ports/stores.ts';
import { withHold } from './connection-status.ts';
import { withHoldingGuards } from './holding-guards.ts';
import { explainUser } from './explain-user.ts';
import { attributesOf } from './gather-directory.ts';
import { gatherSubject } from './gather-subject.ts';
import { resolveSubject } from './resolve-subject.ts';

/** The last operations shown for one user. */
const RECENT = 10;

/** Explains why one user has or lacks access through a connection, from the directory and the store alone. */
export async function explain(
  connection: Connection,
  { links, cycles }: Pick<Stores, 'links' | 'cycles'>,
  idOrName: string,
  signal: AbortSignal,
): Promise<Explanation> {
  const { name } = connection.rules;
  const subject = await resolveSubject(connection, links, idOrName, signal, ['user']).catch((error: unknown) => {
    if (error instanceof RefusedError && error.code === 'not-found') return undefined;
    throw error;
  });
  if (subject === undefined) {
    const conclusion = `the directory has no user "${idOrName}" (looked up by object id and userPrincipalName)`;
    return { connection: name, found: false, paths: [], conclusion, mapped: {}, operations: [] };
  }
  const request = { connection, links, attributes: attributesOf(connection), signal };
  const facts = await gatherSubject(request, subject);
  const operations = await withHoldingGuards(cycles, await cycles.operationsOf(name, subject.anchor, RECENT));
  const explained = explainUser(connection, facts, subject.anchor);
  const { leaving } = explained;
  const held = leaving === undefined ? {} : { leaving: withHold(leaving, operations) };
  return { connection: name, ...explained, ...held, operations };
}
