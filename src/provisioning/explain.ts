import type { Anchor } from '../core/directory.ts';
import { RefusedError } from '../core/errors.ts';
import { brokenBy, type BrokenJournal } from '../core/migration/broken-journal.ts';
import { traceOf, type MigrationTrace } from '../core/migration/trace.ts';
import type { ResourceId } from '../core/scim.ts';
import type { Connection } from '../ports/index.ts';
import type { Explanation } from '../ports/operator.ts';
import type { Stores } from '../ports/stores.ts';
import { withHold } from './connection-status.ts';
import { withHoldingGuards } from './holding-guards.ts';
import { explainUser } from './explain-user.ts';
import { attributesOf } from './gather-directory.ts';
import { gatherSubject } from './gather-subject.ts';
import { readJournal } from './read-journal.ts';
import { resolveSubject } from './resolve-subject.ts';

/** The last operations shown for one user. */
const RECENT = 10;
/** Migrations looked through, newest first: a journal names everybody it concerns, so each is a large read. */
const NEWEST = 3;

/** Explains why one user has or lacks access through a connection, from the directory and the store alone. */
export async function explain(
  connection: Connection,
  stores: Pick<Stores, 'links' | 'cycles' | 'migrations' | 'drift'>,
  idOrName: string,
  signal: AbortSignal,
): Promise<Explanation> {
  const { name } = connection.rules;
  const { links, cycles } = stores;
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
  const migrations = await tracesOf(stores, name, subject.anchor, explained.link?.resourceId);
  const drift = await driftOf(stores, name, subject.anchor);
  return { connection: name, ...explained, ...held, operations, ...drift, ...migrations };
}

async function driftOf(
  { drift }: Pick<Stores, 'drift'>,
  connection: string,
  user: Anchor,
): Promise<Pick<Explanation, 'drift'>> {
  const report = await drift.last(connection);
  const findings = (report?.findings ?? []).filter(({ anchor }) => anchor === user);
  if (report === undefined || findings.length === 0) return {};
  return { drift: { at: report.at, findings: findings.map(({ text, next }) => ({ text, next })) } };
}

/** What the newest migrations did to a user: they write outside of cycles, so no operation tells of it. */
async function tracesOf(
  { migrations }: Pick<Stores, 'migrations'>,
  connection: string,
  user: Anchor,
  account: ResourceId | undefined,
): Promise<Pick<Explanation, 'migrations' | 'brokenJournals'>> {
  const traces: MigrationTrace[] = [];
  const broken: BrokenJournal[] = [];
  for (const { id } of await migrations.list({ connection, limit: NEWEST })) {
    try {
      const trace = await readJournal(migrations, id, (lines) => traceOf(id, lines, user, account));
      if (trace !== undefined) traces.push(trace);
    } catch (error) {
      broken.push(brokenBy(id, error));
    }
  }
  return {
    ...(traces.length === 0 ? {} : { migrations: traces }),
    ...(broken.length === 0 ? {} : { brokenJournals: broken }),
  };
}
