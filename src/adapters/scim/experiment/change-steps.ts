import type { Fact } from '../../../core/experiment.ts';
import type { AttributeChange, Json, JsonObject } from '../../../core/scim.ts';
import { readPath } from '../../../core/scim-path.ts';
import { writeChanges } from '../change-account.ts';
import type { Exchange } from '../exchange.ts';
import { type Bench, bodyOf, refusalWords, speaking } from './bench.ts';
import { shownActive } from '../resources.ts';
import type { Own } from './own-resources.ts';

type Shape = 'path' | 'pathless' | 'put';

/** Changes to make, and whether the account then has them. */
interface Wish {
  readonly fact: Fact;
  readonly shape: Shape;
  readonly to: Readonly<Record<string, Json>>;
}

/** Tries the ways to change an account. Returns the shapes that work, the one the profile uses first. */
export async function tryChanges(bench: Bench, account: Own): Promise<readonly Shape[]> {
  const { name } = account;
  const wishes: readonly Wish[] = [
    { fact: 'patch.path', shape: 'path', to: { displayName: `${name} (path)` } },
    {
      fact: 'patch.several',
      shape: 'path',
      to: { displayName: `${name} (several)`, 'name.familyName': 'Probe-Several' },
    },
    { fact: 'patch.valuePath', shape: 'path', to: { 'emails[type eq "work"].value': `${name}.moved@${bench.domain}` } },
    { fact: 'patch.pathless', shape: 'pathless', to: { displayName: `${name} (pathless)` } },
    { fact: 'patch.put', shape: 'put', to: { displayName: `${name} (put)` } },
  ];
  const works: Shape[] = [];
  for (const wish of wishes) if (await tryWish(bench, account, wish)) works.push(wish.shape);
  const { shape } = bench.exchange.profile.patch;
  return works.includes(shape) ? [shape, ...works.filter((each) => each !== shape)] : works;
}

async function tryWish({ exchange, attempt, note, untold }: Bench, account: Own, { fact, shape, to }: Wish) {
  const tried = await attempt(() => change(speaking(exchange, { shape }), account, to));
  if (tried.ok) {
    note(fact, tried.value, tried.value ? 'done, and seen to be so' : 'answered with success, yet nothing changed');
    return tried.value;
  }
  if (tried.error.facts.status === undefined) untold(fact, refusalWords(tried.error));
  else note(fact, false, refusalWords(tried.error));
  return false;
}

/** Makes changes to an account in the profile's shape, and says whether it has them then. */
export async function change(exchange: Exchange, own: Own, to: Readonly<Record<string, Json>>): Promise<boolean> {
  const before = (await bodyOf(exchange, own)) ?? {};
  const changes = Object.entries(to).map(([path, after]): AttributeChange => ({
    path,
    before: readPath(before, path) ?? null,
    after,
  }));
  await writeChanges(exchange, own.id, changes, before);
  const after = (await bodyOf(exchange, own)) ?? {};
  return Object.entries(to).every(([path, wanted]) => readPath(after, path) === wanted);
}

/** A PATCH bound to a version that never was: RFC 7644 section 3.14 has it refused with 412. */
export async function tryVersion({ exchange, attempt, note }: Bench, { id, name }: Own): Promise<void> {
  const body: JsonObject = {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'replace', path: 'displayName', value: `${name} (version)` }],
  };
  const tried = await attempt(() =>
    exchange.send({ method: 'PATCH', collection: 'Users', id, body, ifMatch: 'W/"headgate-probe"' }),
  );
  if (tried.ok) note('version.checked', false, 'the change was made all the same');
  else if (tried.error.facts.status === 412) note('version.checked', true, 'refused: 412');
  else note('version.checked', false, refusalWords(tried.error));
}

/** What became of an account. */
export type Standing = 'active' | 'inactive' | 'gone';

/** The account as it can be seen now. */
export async function standingOf(exchange: Exchange, own: Own): Promise<Standing> {
  const body = await bodyOf(exchange, own);
  if (body === undefined) return 'gone';
  return shownActive(body) === false ? 'inactive' : 'active';
}

/**
 * Sets `active`, first as the profile says and, where that has no effect, the other way. Returns what the account then is,
 * or undefined when every way was refused.
 */
export async function setActive(
  { exchange, attempt }: Bench,
  account: Own,
  active: boolean,
  shapes: readonly Shape[],
): Promise<{ readonly standing: Standing; readonly as: string; readonly words: string } | { readonly words: string }> {
  const { activeAs, shape } = exchange.profile.patch;
  const wanted: Standing = active ? 'active' : 'inactive';
  let words = '';
  let last: Standing | undefined;
  for (const as of [activeAs, activeAs === 'boolean' ? 'string' : 'boolean'] as const) {
    const spoken = speaking(exchange, { activeAs: as, shape: shapes[0] ?? shape });
    const change: AttributeChange = { path: 'active', before: !active, after: active };
    const tried = await attempt(() => writeChanges(spoken, account.id, [change], {}));
    if (!tried.ok) {
      words = refusalWords(tried.error);
      continue;
    }
    const seen = await attempt(() => standingOf(exchange, account));
    if (!seen.ok) return { words: refusalWords(seen.error) };
    last = seen.value;
    if (last === wanted || last === 'gone') return { standing: last, as, words: 'answered with success' };
    words = 'answered with success, yet it reads as before';
  }
  return last === undefined ? { words } : { standing: last, as: 'nothing', words };
}
