import { NotFoundError } from '../../../core/errors.ts';
import type { ResourceId } from '../../../core/scim.ts';
import { listTrusted } from '../listing.ts';
import { toAccount } from '../resources.ts';
import { makeAccount } from './account-steps.ts';
import { type Bench, PREFIX, refusalWords } from './bench.ts';
import { setActive, standingOf, type Standing, type tryChanges } from './change-steps.ts';
import type { Own } from './own-resources.ts';

type Shapes = Awaited<ReturnType<typeof tryChanges>>;

const MEANS: Readonly<Record<Standing, string>> = { active: 'nothing', inactive: 'suspended', gone: 'gone' };

/** What `active: false` does. */
export async function tryDisable(bench: Bench, account: Own, shapes: Shapes): Promise<void> {
  const { note, untold } = bench;
  const done = await setActive(bench, account, false, shapes);
  if (!('standing' in done)) {
    untold('disable.means', done.words);
    return;
  }
  const { standing, as, words } = done;
  // A provider that removes the account tells nothing about how it reads the value it took.
  if (as !== 'nothing') note('disable.as', as, `active: false sent as a ${as}`);
  note('disable.means', MEANS[standing], standing === 'active' ? words : `the account is ${standing} afterwards`);
  if (standing === 'active') return;
  note('disable.readable', standing === 'inactive', standing === 'inactive' ? 'read by its id' : 'not found by its id');
}

/** Whether a disabled account comes back under the same id. */
export async function tryReactivate(bench: Bench, account: Own, shapes: Shapes): Promise<void> {
  const { note, attempt, exchange } = bench;
  const before = await attempt(() => standingOf(exchange, account));
  if (!before.ok || before.value !== 'inactive') {
    bench.untold('disable.reactivate', 'there was no disabled account to try it on');
    return;
  }
  const done = await setActive(bench, account, true, shapes);
  const active = 'standing' in done && done.standing === 'active';
  note('disable.reactivate', active, active ? 'active again under the same id' : done.words);
}

/** What DELETE does to an account. */
export async function tryDelete({ note, attempt, exchange }: Bench, account: Own): Promise<void> {
  const sent = await attempt(() => exchange.send({ method: 'DELETE', collection: 'Users', id: account.id }));
  if (!sent.ok && !(sent.error instanceof NotFoundError)) {
    note('delete.means', 'refused', refusalWords(sent.error));
    return;
  }
  const seen = await attempt(() => standingOf(exchange, account));
  if (!seen.ok) return;
  const words = seen.value === 'gone' ? 'not found by its id afterwards' : `readable and ${seen.value} afterwards`;
  note('delete.means', MEANS[seen.value], words);
}

/** A second DELETE, and the userName of what was deleted. */
export async function tryDeleteAgain(bench: Bench, account: Own): Promise<void> {
  const { note, attempt, exchange } = bench;
  const again = await attempt(() => exchange.send({ method: 'DELETE', collection: 'Users', id: account.id }));
  const status = again.ok ? again.value.status : again.error.facts.status;
  note('delete.again', String(status ?? 'no answer'), again.ok ? 'as if it were there' : refusalWords(again.error));
  const namesake = await attempt(() => makeAccount(bench, account.name));
  const revived = namesake.ok && namesake.value.id === account.id ? ', under the same id' : '';
  note('delete.nameFree', namesake.ok, namesake.ok ? `created anew${revived}` : refusalWords(namesake.error));
}

/** Who is listed: one who is active and must be, one who was disabled, one who was deleted. */
export interface Listed {
  readonly active: Own | undefined;
  readonly disabled: Own;
  readonly deleted: Own | undefined;
}

/** Reads the whole listing once. Returns accounts of earlier experiments: seen, and never touched. */
export async function tryListing(
  { note, untold, attempt, exchange, own, patient }: Bench,
  { active, disabled, deleted }: Listed,
): Promise<readonly { readonly id: ResourceId; readonly name: string }[]> {
  const listed = await attempt(() =>
    listTrusted(exchange, { collection: 'Users', parameters: {}, read: toAccount, patient }),
  );
  if (!listed.ok) {
    untold('listing.trusted', refusalWords(listed.error));
    return [];
  }
  const { resources, doubts } = listed.value;
  const shows = (account: Own | undefined) => resources.some(({ id }) => id === account?.id);
  const missing = active !== undefined && !shows(active) ? ['an active account that was just made is not in it'] : [];
  const why = [...doubts, ...missing];
  note('listing.trusted', why.length === 0, why.length === 0 ? `${resources.length} accounts` : why.join('; '));
  note('disable.listed', shows(disabled), shows(disabled) ? 'in the listing' : 'not in the listing');
  if (deleted !== undefined)
    note('delete.listed', shows(deleted), shows(deleted) ? 'in the listing' : 'not in the listing');
  return resources
    .filter(({ id, userName }) => userName.toLowerCase().startsWith(PREFIX) && !own.made.some((each) => each.id === id))
    .map(({ id, userName }) => ({ id, name: userName }));
}
