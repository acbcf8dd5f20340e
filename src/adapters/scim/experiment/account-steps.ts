import { InDoubtError } from '../../../core/errors.ts';
import type { Json, JsonObject } from '../../../core/scim.ts';
import { buildResource, isArray, isObject, readPath } from '../../../core/scim-path.ts';
import { withPrimaries } from '../primary.ts';
import { idOf } from '../resources.ts';
import { type Bench, bodyOf, newName, refusalWords, userNameOf } from './bench.ts';
import type { Own } from './own-resources.ts';
import type { Wire } from './wire-facts.ts';

/** Makes an account of a new name, or of one that is given. Throws what the provider answered. */
export async function makeAccount(bench: Bench, name: string): Promise<Own> {
  const { exchange, own } = bench;
  const { unsupported } = exchange.profile.attributes;
  const wanted: readonly (readonly [string, Json])[] = [
    ['userName', userNameOf(bench, name)],
    ['externalId', name],
    ['displayName', `${name} (test)`],
    ['name.givenName', 'Headgate'],
    ['name.familyName', 'Probe'],
    ['emails[type eq "work"].value', `${name}@${bench.domain}`],
    ['active', true],
  ];
  const body = buildResource(
    wanted.filter(([path]) => !unsupported.includes(path)),
    'User',
  );
  exchange.quota.take('accounts', 1);
  return own.make(exchange, 'Users', name, withPrimaries(exchange.profile, body));
}

/** The first account, with the bench as it speaks from now on. */
export interface First {
  readonly account: Own;
  readonly bench: Bench;
}

/** Creates the first account and looks at it in every way. Undefined when no account can be created. */
export async function tryCreate(asked: Bench, wire: Wire): Promise<First | undefined> {
  const made = await makeFirst(asked);
  if (made === undefined) return undefined;
  const { account, bench } = made;
  const { note, attempt, exchange } = bench;
  note('account.create', true, 'created');
  const read = await attempt(() => bodyOf(exchange, account));
  const found = read.ok ? read.value : undefined;
  if (found !== undefined) lookAt(bench, account.name, found, wire);
  else note('account.read', false, read.ok ? 'not found by its id' : refusalWords(read.error));
  await tryTwice(bench, account.name);
  const userName = found?.['userName'];
  await tryFilters(bench, account, typeof userName === 'string' ? userName : userNameOf(bench, account.name));
  return made;
}

/** In the profile's words and, where these are refused, once more with a primary e-mail: a demand that several have. */
async function makeFirst(bench: Bench): Promise<First | undefined> {
  const { note, untold, attempt, exchange } = bench;
  const { attributes } = exchange.profile;
  const marks = attributes.primaryRequired.includes('emails');
  const first = await attempt(() => makeAccount(bench, newName()));
  if (first.ok) {
    if (marks) untold('account.primary', 'sent with one marked, as the profile says');
    else note('account.primary', true, 'created without');
    return { account: first.value, bench };
  }
  const words = refusalWords(first.error);
  if (first.error instanceof InDoubtError) untold('account.create', words);
  else note('account.create', false, words);
  if (marks || first.error.facts.status !== 400) return undefined;
  const profile = { ...exchange.profile, attributes: { ...attributes, primaryRequired: ['emails'] } };
  const marking: Bench = { ...bench, exchange: { ...exchange, profile } };
  const second = await attempt(() => makeAccount(marking, newName()));
  if (!second.ok) return undefined;
  note('account.primary', false, words);
  return { account: second.value, bench: marking };
}

function lookAt(bench: Bench, name: string, body: JsonObject, wire: Wire): void {
  const { note } = bench;
  note('account.read', true, 'read by its id');
  const kept = body['userName'] === userNameOf(bench, name);
  note('account.userNameKept', kept, kept ? 'as sent' : 'changed by the provider');
  const version = readPath(body, 'meta.version');
  const tag = wire.etag();
  if (tag === undefined) note('version.shown', false, 'no ETag header');
  else note('version.shown', true, tag === version ? 'equal to meta.version' : 'not the same as meta.version');
}

/** The same userName once more. Where that works the second account is ours as well and goes with the first. */
async function tryTwice(bench: Bench, name: string): Promise<void> {
  const { note, attempt } = bench;
  const second = await attempt(() => makeAccount(bench, name));
  if (second.ok) note('account.conflict', false, 'created again: userNames are not unique');
  else if (second.error.facts.status === 409) note('account.conflict', true, refusalWords(second.error));
  else note('account.conflict', false, refusalWords(second.error));
}

async function tryFilters(bench: Bench, account: Own, called: string): Promise<void> {
  const userName = JSON.stringify(called);
  const externalId = JSON.stringify(account.name);
  const byName = await find(bench, `userName eq ${userName}`, account);
  bench.note('filter.userName', byName.found, byName.words);
  const byId = await find(bench, `externalId eq ${externalId}`, account);
  bench.note('filter.externalId', byId.found, byId.words);
  const both = await find(bench, `userName eq ${userName} and externalId eq ${externalId}`, account);
  bench.note('filter.and', both.found, both.words);
}

/** A filter works when it gives our account and, for a value nobody has, nothing: some providers answer everything. */
async function find(
  { attempt, exchange }: Bench,
  filter: string,
  account: Own,
): Promise<{ readonly found: boolean; readonly words: string }> {
  const ask = async (text: string): Promise<readonly JsonObject[]> => {
    const parameters = { ...exchange.profile.paging.listParameters, startIndex: '1', count: '20', filter: text };
    const { body } = await exchange.send({ method: 'GET', collection: 'Users', parameters });
    const rows = body?.['Resources'];
    return isArray(rows) ? rows.filter(isObject) : [];
  };
  const rows = await attempt(() => ask(filter));
  if (!rows.ok) return { found: false, words: refusalWords(rows.error) };
  if (!rows.value.some((row) => idOf(row) === account.id)) return { found: false, words: 'answered without it' };
  const nobody = await attempt(() => ask(filter.replaceAll(account.name, newName())));
  if (nobody.ok && nobody.value.length > 0)
    return { found: false, words: 'the filter is ignored: it answers everything' };
  return { found: true, words: rows.value.length === 1 ? 'found' : `found among ${rows.value.length} rows` };
}
