import pMap from 'p-map';
import { HeadgateError, NotFoundError, ThrottledError, TransientError, UnauthorizedError } from '../core/errors.ts';
import type { Link } from '../core/link.ts';
import type { Exported, Operation } from '../core/operation.ts';
import { failureOf } from '../core/operation-failure.ts';
import type { Aside, Connection } from '../ports/index.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { Log } from '../ports/log.ts';
import type { LeftInDoubt, LeftResult } from '../ports/slices.ts';
import type { Stores } from '../ports/stores.ts';
import { readLinks, type SliceLinks } from './export-slice.ts';
import { ofConnection } from './naming.ts';
import { succeeded } from './settle-operation.ts';

/** So many are looked at before what was found is recorded: somebody who stops it loses no more than these. */
const CHUNK = 200;

export interface Settling {
  readonly connection: Connection;
  readonly stores: Pick<Stores, 'links' | 'cycles'>;
  readonly log: Log;
  readonly aside: Aside;
  readonly signal: AbortSignal;
  readonly progress?: ReadProgress;
}

/**
 * Settles by reading what closed cycles left in doubt, before links are read to plan by: a link that misses an account, or
 * takes an active one for disabled, hides access from every later cycle. Nothing is sent. What cannot be told stays in
 * doubt and is asked again by the next cycle; where the provider does not answer at all, the error of the family is thrown.
 */
export async function settleLeft(settling: Settling): Promise<void> {
  const { connection, stores, log, aside, progress } = settling;
  const left = await stores.cycles.leftInDoubt(connection.rules.name);
  if (left.length === 0) return;
  log.info({ operations: left.length }, 'operations that closed cycles left in doubt are settled by reading');
  await aside(async () => {
    for (let done = 0; done < left.length; done += CHUNK) {
      progress?.('operations in doubt', done, left.length);
      await settleChunk(settling, left.slice(done, done + CHUNK));
    }
  });
}

async function settleChunk(settling: Settling, left: readonly LeftInDoubt[]): Promise<void> {
  const { connection, stores, signal, log } = settling;
  const { name } = connection.rules;
  const links = await readLinks({ connection: name, operations: left }, stores.links);
  const settle = async (item: LeftInDoubt) => ({ cycle: item.cycle, result: await settleOne(settling, item, links) });
  const settled = await pMap(left, settle, { concurrency: connection.concurrency });
  signal.throwIfAborted();
  for (const cycle of new Set(settled.map((each) => each.cycle))) {
    const results = settled.filter((each) => each.cycle === cycle).map(({ result }) => result);
    await stores.cycles.recordLeft(cycle, results);
    for (const result of results) {
      if (result.state !== 'in-doubt') continue;
      const { code, status } = result.failure;
      log.warn({ of: cycle, sequence: result.sequence, code, status }, 'an operation stays in doubt');
    }
  }
}

async function settleOne(settling: Settling, item: LeftInDoubt, links: SliceLinks): Promise<LeftResult> {
  const { connection, stores, signal } = settling;
  const { provider, rules } = connection;
  const { sequence, operation } = item;
  const untouched = { sequence, state: 'pending', attemptSpent: false } as const;
  try {
    const exported =
      (await provider.settle(decisive(operation), links.resolve, signal, 'patient')) ??
      (await named(operation, settling));
    if (exported === undefined || (await isOthers(exported, operation, rules.name, stores.links))) return untouched;
    return succeeded(item, exported, 0, links.of(operation), provider.profile);
  } catch (error) {
    if (!(error instanceof HeadgateError)) throw error;
    if (error instanceof NotFoundError) return untouched;
    await throwUnlessItsOwn(error, settling);
    return { sequence, state: 'in-doubt', failure: failureOf(error) };
  }
}

/** A reactivation in doubt asks one thing: is the account active. Its attributes are compared by the next plan anyway. */
function decisive(operation: Operation): Operation {
  if (operation.kind !== 'reactivate') return operation;
  return { ...operation, attributes: operation.attributes.filter(({ path }) => path === 'active'), references: [] };
}

/**
 * The account a creation made, by both its names: the provider may keep other values than were sent, and the next plan
 * compares them. Nobody had that userName when the creation was planned.
 */
async function named(operation: Operation, { connection, signal }: Settling): Promise<Exported | undefined> {
  if (operation.kind !== 'create' || operation.resource !== 'account') return undefined;
  const sent = new Map(operation.attributes.map(({ path, after }) => [path, after]));
  const [userName, externalId] = [sent.get('userName'), sent.get('externalId')];
  if (typeof userName !== 'string' || typeof externalId !== 'string' || externalId === '') return undefined;
  const accounts = await connection.provider.findAccounts({ attribute: 'userName', value: userName }, signal);
  const [account, ...more] = accounts.filter((each) => each.externalId === externalId);
  return account === undefined || more.length > 0
    ? undefined
    : { resourceId: account.id, note: 'adopted', requests: 1 };
}

/** Whether what was found has become somebody else's meanwhile: two links must never lead to one account. */
async function isOthers(
  { resourceId }: Exported,
  { resource, anchor }: Operation,
  connection: string,
  links: Settling['stores']['links'],
): Promise<boolean> {
  if (resourceId === null) return false;
  const owners: readonly Link[] = await links.ownersOf(connection, resource, [resourceId]);
  return owners.some((owner) => owner.anchor !== anchor);
}

/**
 * Throws what concerns the whole connection, with what was being done. A failed read while the provider answers others is
 * about that one object, and must not keep everybody else's removal from happening.
 */
async function throwUnlessItsOwn(error: HeadgateError, { connection, signal }: Settling): Promise<void> {
  if (signal.aborted) throw error;
  if (error instanceof ThrottledError && error.scope === 'connection') throw ofConnection(error, connection.rules.name);
  const facts = { ...error.facts, connection: connection.rules.name };
  const message = `what an earlier cycle left in doubt could not be looked at: ${error.message}`;
  if (error instanceof UnauthorizedError) throw new UnauthorizedError(message, facts);
  if (!(error instanceof TransientError)) return;
  try {
    await connection.provider.ping(signal);
  } catch {
    throw new TransientError(message, facts);
  }
}
