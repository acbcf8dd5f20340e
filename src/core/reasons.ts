import type { RemovalCause } from './connection.ts';
import type { Anchor, DirectorySnapshot, DirectoryUser } from './directory.ts';
import type { Link, RememberedPath } from './link.ts';
import type { Reason, ScopePath } from './operation.ts';
import type { Effect } from './profile.ts';
import type { Scope } from './scope.ts';

/** "a", "a and b", "a, b and 3 more": for sentences an operator reads. */
export function listed(words: readonly string[], most = 4): string {
  const shown = words.slice(0, most);
  const rest = words.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`;
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`;
}

/** "1 group", "2 groups"; `many` where it is not the word with an s, such as "group is", "groups are". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A name as two people may write it: without case, and whichever way its accents are composed. */
export function foldName(name: string): string {
  return name.trim().normalize('NFKC').toLowerCase();
}

/** Every name a configuration may mean somebody by, folded: the anchor, the name of old, and those the directory has now. */
export function foldedNames(anchor: Anchor, label: string, user: DirectoryUser | undefined): readonly string[] {
  const now = [user?.attributes['userPrincipalName'], user?.attributes['mail']];
  return [anchor, label, ...now.filter((name) => typeof name === 'string')].map(foldName);
}

/** "directly", "through group IT": how somebody is in scope. */
export function describePaths(paths: readonly ScopePath[]): string {
  const ways = paths.map((path) =>
    path.kind === 'direct'
      ? 'directly'
      : `through group ${path.groupName ?? path.group ?? '?'}${path.nested === true ? ' (nested)' : ''}`,
  );
  return listed([...new Set(ways)]);
}

/** A path as people know it: without the schema it belongs to. */
export function attributeName(path: string): string {
  return path.replace(/^urn:.*:/, '');
}

/** The reason of an operation that changes attributes. */
export function attributesDiffer(changes: readonly { readonly path: string }[]): Reason {
  const names = changes.map(({ path }) => attributeName(path));
  return { code: 'attributes-differ', text: `${listed(names)} ${names.length === 1 ? 'differs' : 'differ'}` };
}

function lostPath(path: RememberedPath, snapshot: DirectorySnapshot, scope: Scope): string {
  if (path.group === undefined) return 'the direct assignment was removed';
  const name = path.name ?? path.group;
  return scope.groups.includes(path.group) || snapshot.memberships.has(path.group)
    ? `no longer a member of group ${name}`
    : `group ${name} was unassigned`;
}

/** Why the scoping filters leave a user out; which of them is not told once the user cannot be read, or passes again. */
export function leftOut(user: DirectoryUser | undefined, { filters }: Pick<Scope, 'filters'>): string {
  if (user === undefined || filters.admits(user) !== false) return 'left out by the scoping filters';
  const failed = filters.failed(user);
  return `left out by scoping filter${failed.length === 1 ? '' : 's'} ${listed(failed)}`;
}

/** Why an account is to be removed, naming the paths its user lost where the link remembers them. */
export function removalReason(cause: RemovalCause, link: Link, snapshot: DirectorySnapshot, scope: Scope): Reason {
  const remembered = link.paths ?? [];
  switch (cause) {
    case 'disabled':
      return { code: cause, text: 'sign-in is blocked in the directory' };
    case 'softDeleted':
      return { code: cause, text: 'deleted in the directory, restorable for 30 days' };
    case 'hardDeleted':
      return { code: cause, text: 'permanently deleted in the directory' };
    case 'filtered':
      return { code: cause, text: leftOut(snapshot.users.get(link.anchor), scope) };
    case 'unassigned': {
      if (remembered.length === 0) return { code: cause, text: 'no longer assigned to the application' };
      const ways = listed(remembered.map((path) => lostPath(path, snapshot, scope)));
      return {
        code: cause,
        text: `lost ${remembered.length === 1 ? 'the only path' : `all ${remembered.length} paths`}: ${ways}`,
      };
    }
    default:
      return cause satisfies never;
  }
}

const UNEXPECTED: Readonly<Record<'disable' | 'delete', Readonly<Partial<Record<Effect, string>>>>> = {
  disable: {
    remove: 'this provider removes the account instead of suspending it',
    delete: 'this provider deletes the account instead of suspending it',
    irreversible: 'this provider deletes the account instead of suspending it, and it cannot be undone',
  },
  delete: {
    suspend: 'this provider only deactivates the account',
    remove: 'this provider removes the account',
    irreversible: 'cannot be undone at this provider',
  },
};

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** A length of time in its largest whole unit: "7 days", "36 hours". */
export function describeDelay(ms: number): string {
  const [name, unit] = UNITS.find(([, size]) => ms >= size && ms % size === 0) ?? (['second', 1000] as const);
  const count = Math.ceil(ms / unit);
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

/** A removal's reason, saying that its grace delay is over where it had one. */
export function afterDelay(reason: Reason, afterMs: number): Reason {
  return afterMs === 0 ? reason : { ...reason, text: `${reason.text}; the delay of ${describeDelay(afterMs)} is over` };
}

/** A removal's reason with what the verb really does there, where that is more or less than it says. It goes first, to be seen. */
export function withEffect(reason: Reason, verb: 'disable' | 'delete', effect: Effect): Reason {
  const note = UNEXPECTED[verb][effect];
  return note === undefined ? reason : { ...reason, text: `${note}; ${reason.text}` };
}

/** The text with one full stop at its end. */
export function asSentence(text: string): string {
  return text.replace(/\.?$/, '.');
}
