import type { User } from '@microsoft/microsoft-graph-types';
import { type Anchor, type DirectoryUser, GUID } from '../../core/directory.ts';
import { IncompleteReadError, RejectedError } from '../../core/errors.ts';
import type { ReadProgress } from '../../ports/directory-source.ts';
import { selectAttributes, type Selection } from './attributes.ts';
import { CALLS } from './call.ts';
import { EVENTUAL, type GraphClient } from './graph-client.ts';
import { isObjectMissing } from './graph-failure.ts';
import { objectOf, textOf, type RawObject } from './json.ts';
import { readPages, requireSameId, requireText } from './paging.ts';
import { readCount } from './read-memberships.ts';

const PAGE = 999;
/** Up to here users are asked for by id without looking at the size of the tenant. */
const ALWAYS_BY_ID = 400;
/** Users one request brings when asked for by id, four at a time: `$batch` of twenty. */
const BY_ID_PER_ROUND = 80;

/**
 * The users with these ids; ids the directory does not know are missing from the map. Small numbers are asked for by
 * id, large ones by reading the tenant and keeping the wanted; whoever is missing from that is asked for by id too,
 * because a user created or restored while pages are read may fall between them.
 */
export async function readUsers(
  graph: GraphClient,
  ids: readonly Anchor[],
  attributes: readonly string[],
  signal: AbortSignal,
  progress?: ReadProgress,
): Promise<ReadonlyMap<Anchor, DirectoryUser>> {
  const selection = selectUser(attributes);
  const wanted = new Set(ids);
  const users = (await isTenantReadCheaper(graph, wanted.size, signal))
    ? await readTenant(graph, wanted, selection, signal, progress)
    : new Map<Anchor, DirectoryUser>();
  const missing = [...wanted].filter((id) => !users.has(id));
  const report = (done: number): void => progress?.('users', wanted.size - missing.length + done, wanted.size);
  for (const user of await readById(graph, missing, selection, signal, report)) users.set(user.id, user);
  return users;
}

function selectUser(attributes: readonly string[]): Selection {
  return selectAttributes(attributes, ['id', 'accountEnabled'] satisfies (keyof User)[]);
}

function query(selection: Selection): string {
  return `$select=${selection.select}&$expand=manager($select=id)`;
}

async function isTenantReadCheaper(graph: GraphClient, wanted: number, signal: AbortSignal): Promise<boolean> {
  if (wanted <= ALWAYS_BY_ID) return false;
  const total = readCount(await graph.get(CALLS.users, '/users/$count', signal, EVENTUAL));
  return total / PAGE < wanted / BY_ID_PER_ROUND;
}

async function readTenant(
  graph: GraphClient,
  wanted: ReadonlySet<Anchor>,
  selection: Selection,
  signal: AbortSignal,
  progress?: ReadProgress,
): Promise<Map<Anchor, DirectoryUser>> {
  const users = new Map<Anchor, DirectoryUser>();
  const path = `/users?${query(selection)}&$top=${PAGE}`;
  for await (const page of readPages(graph, CALLS.users, path, signal)) {
    for (const object of page) {
      const id = requireText(object, 'id', CALLS.users);
      if (wanted.has(id)) users.set(id, toUser(id, object, selection));
    }
    progress?.('users', users.size, wanted.size);
  }
  return users;
}

async function readById(
  graph: GraphClient,
  ids: readonly Anchor[],
  selection: Selection,
  signal: AbortSignal,
  report: (done: number) => void,
): Promise<readonly DirectoryUser[]> {
  const paths = ids.map((id) => `/users/${encodeURIComponent(id)}?${query(selection)}`);
  const answers = await graph.askMany(CALLS.users, paths, signal, report);
  return ids.flatMap((id, index) => {
    const answer = answers[index];
    if (answer === undefined || isObjectMissing(answer)) return [];
    if (answer.status !== 200) throw graph.failure(answer, CALLS.users);
    const object = objectOf(answer.body);
    requireSameId(object, id, CALLS.users);
    return [toUser(id, object, selection)];
  });
}

function toUser(id: Anchor, object: RawObject, selection: Selection): DirectoryUser {
  const manager = textOf(objectOf(object['manager']), 'id');
  return {
    id,
    enabled: readEnabled(object),
    attributes: selection.read(object),
    ...(manager === undefined ? {} : { manager }),
  };
}

/**
 * `accountEnabled` of a user. Never guessed: a user wrongly taken for disabled loses access.
 * @throws IncompleteReadError when Graph hides it, as it does under User.ReadBasic.All
 */
export function readEnabled(object: RawObject): boolean {
  const enabled = object['accountEnabled'];
  if (typeof enabled === 'boolean') return enabled;
  throw new IncompleteReadError('Microsoft Graph does not say whether a user is enabled.', {
    remedy: `Grant the application permission ${CALLS.users.permission}; User.ReadBasic.All hides accountEnabled.`,
  });
}

/**
 * A user by object id or userPrincipalName; undefined when there is none. Names go through `$filter`, whose quoting is
 * one rule; as a path segment apostrophes, `#` of guests and a leading `$` would each need their own.
 */
export async function findUser(
  graph: GraphClient,
  idOrName: string,
  attributes: readonly string[],
  signal: AbortSignal,
): Promise<DirectoryUser | undefined> {
  const selection = selectUser(attributes);
  const name = idOrName.trim();
  if (GUID.test(name)) return (await readById(graph, [name.toLowerCase()], selection, signal, () => undefined))[0];
  if (name === '') return undefined;
  const filter = encodeURIComponent(`userPrincipalName eq '${name.replaceAll("'", "''")}'`);
  const found: RawObject[] = [];
  for await (const page of readPages(graph, CALLS.users, `/users?$filter=${filter}&${query(selection)}`, signal)) {
    found.push(...page);
  }
  const [object] = found;
  if (object === undefined) return undefined;
  if (found.length > 1)
    throw new RejectedError(`Microsoft Graph found ${found.length} users for one userPrincipalName.`);
  return toUser(requireText(object, 'id', CALLS.users), object, selection);
}
