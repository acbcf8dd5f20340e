import { createAttributes, diffAccount } from './diff.ts';
import type { DirectoryUser } from './directory.ts';
import type { Link } from './link.ts';
import type { CompiledLine } from './mapping/compile-line.ts';
import type { CompiledMapping } from './mapping/compile-mapping.ts';
import { EvaluationError } from './mapping/value.ts';
import { userLabel } from './planning/plan-accounts.ts';
import type { ProviderProfile } from './profile.ts';
import { foldText } from './scim-compare.ts';
import type { Account, Json } from './scim.ts';

/** Targets that tell people apart, beside those accounts are matched by. */
const PERSONAL: ReadonlySet<string> = new Set(['userName', 'externalId', 'displayName', 'name.familyName']);

/**
 * Whether a linked account still shows the person it was linked for: the anchor as externalId, the name last known, or
 * anything personal that the mapping makes of the user now. `unclear` where nothing can be compared: the account shows
 * neither userName nor externalId, or the mapping makes names of what is not known of somebody who left.
 */
export function whoseAccount(
  { mapping, profile }: { readonly mapping: CompiledMapping; readonly profile: ProviderProfile },
  link: Pick<Link, 'anchor' | 'label'>,
  account: Account,
  user: DirectoryUser | undefined,
): 'theirs' | 'somebody-else' | 'unclear' {
  const { userName, externalId = '' } = account;
  if (userName === '' && externalId === '') return 'unclear';
  if (externalId === link.anchor || foldText(userName) === foldText(link.label)) return 'theirs';
  const lines = mapping.lines.filter(isPersonal);
  const expected = [
    ...(user === undefined ? [] : [valuesOf(lines, user)]),
    valuesOf(lines.filter(readsTheName), rememberedUser(link)),
  ].map((attributes) => ({ attributes, references: new Map() }));
  let compared = false;
  for (const desired of expected) {
    const asked = createAttributes(desired, profile);
    const changes = diffAccount(desired, account, profile, () => undefined).changes.map(({ path }) => path);
    if (asked.some(({ path }) => !changes.includes(path))) return 'theirs';
    compared ||= asked.length > 0;
  }
  return compared ? 'somebody-else' : 'unclear';
}

function rememberedUser({ anchor, label }: Pick<Link, 'anchor' | 'label'>): DirectoryUser {
  return { id: anchor, enabled: true, attributes: { userPrincipalName: label } };
}

/**
 * The externalId that every account of a user has had from this mapping; undefined where that is not known: the user is,
 * as far as it takes, not in the directory any more, or the mapping writes it to new accounts only, or not at all.
 */
function externalIdOf(
  { lines }: CompiledMapping,
  link: Pick<Link, 'anchor' | 'label'>,
  user: DirectoryUser | undefined,
): string | undefined {
  const known = lines.filter(
    (line) =>
      line.target === 'externalId' &&
      !line.createOnly &&
      !line.isConstant &&
      (user !== undefined || readsTheName(line)),
  );
  const value = valuesOf(known, user ?? rememberedUser(link)).get('externalId');
  return typeof value === 'string' ? value : undefined;
}

/**
 * Whose an account has become that shows nothing of the user it is linked for, in words; undefined where it cannot be told
 * apart from one that was renamed by hand. Three things tell: what it shows is a user of the directory, `holder`, or the
 * user of another link, or it has an externalId that is not theirs, which nobody writes by hand. Of somebody who stays the
 * last one tells only where the mapping has a value that cannot have changed since it was written: where all of them can,
 * whoever was renamed in the directory looks the same until that has been sent.
 */
export function newOwner(
  mapping: CompiledMapping,
  link: Pick<Link, 'anchor' | 'label'>,
  { userName, externalId = '' }: Account,
  {
    user,
    stays,
    holder,
    others,
  }: {
    /** Whether they are not known to have left. */
    readonly stays: boolean;
    readonly user: DirectoryUser | undefined;
    readonly holder: DirectoryUser | undefined;
    /** Living links of accounts; at least those of whoever it may show. */
    readonly others: readonly Link[];
  },
): string | undefined {
  if (holder?.id === link.anchor) return undefined;
  const names = [
    ...(userName === '' ? [] : [`userName ${JSON.stringify(userName)}`]),
    ...(externalId === '' ? [] : [`externalId ${JSON.stringify(externalId)}`]),
  ].join(' and ');
  if (holder !== undefined) return `it shows ${names}: ${userLabel(holder)} (${holder.id}) of the directory`;
  const name = foldText(userName);
  const other = others.find(
    ({ anchor, label }) =>
      anchor !== link.anchor && (anchor === externalId || (name !== '' && foldText(label) === name)),
  );
  if (other !== undefined) return `it shows ${names}: ${other.label} (${other.anchor}), who is linked, too`;
  const own = externalIdOf(mapping, link, user);
  if (own === undefined || externalId === '' || externalId === own) return undefined;
  if (stays && !isRemembered(mapping, link)) return undefined;
  return `it shows ${names}, and theirs is ${JSON.stringify(own)}`;
}

/** Whether the mapping makes something personal, always, of what a link remembers. */
function isRemembered({ lines }: CompiledMapping, link: Pick<Link, 'anchor' | 'label'>): boolean {
  const known = lines.filter((line) => isPersonal(line) && !line.createOnly && readsTheName(line));
  return valuesOf(known, rememberedUser(link)).size > 0;
}

function isPersonal({ target, match, isConstant, isReference }: CompiledLine): boolean {
  if (isConstant || isReference) return false;
  return match !== undefined || PERSONAL.has(target) || target.startsWith('emails');
}

/** What can be worked out from what a link remembers. */
function readsTheName({ selects }: CompiledLine): boolean {
  return selects.every((name) => name === 'userPrincipalName');
}

function valuesOf(lines: readonly CompiledLine[], user: DirectoryUser): ReadonlyMap<string, Json> {
  return new Map(
    lines.flatMap((line): (readonly [string, Json])[] => {
      const value = valueOf(line, user);
      return typeof value === 'string' && value !== '' ? [[line.target, value]] : [];
    }),
  );
}

function valueOf(line: CompiledLine, user: DirectoryUser): Json {
  try {
    return line.convert(line.evaluate({ user, roles: [] }));
  } catch (error) {
    if (error instanceof EvaluationError) return null;
    throw error;
  }
}
