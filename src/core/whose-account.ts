import { createAttributes, diffAccount } from './diff.ts';
import type { DirectoryUser } from './directory.ts';
import type { Link } from './link.ts';
import type { CompiledLine } from './mapping/compile-line.ts';
import type { CompiledMapping } from './mapping/compile-mapping.ts';
import { EvaluationError } from './mapping/value.ts';
import type { ProviderProfile } from './profile.ts';
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
  if (externalId === link.anchor || userName.toLowerCase() === link.label.toLowerCase()) return 'theirs';
  const lines = mapping.lines.filter(isPersonal);
  const remembered = { id: link.anchor, enabled: true, attributes: { userPrincipalName: link.label } };
  const expected = [
    ...(user === undefined ? [] : [valuesOf(lines, user)]),
    valuesOf(lines.filter(readsTheName), remembered),
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
