import type { ProviderProfile } from '../../core/profile.ts';
import type { AttributeChange, Json, JsonObject } from '../../core/scim.ts';
import { buildResource, isArray, isObject, pathOf, readPath, type ScimPath } from '../../core/scim-path.ts';
import { isAbsent } from '../../core/scim-compare.ts';
import { dialectValue, patchOperation, type PatchOperation, settledChange } from './dialect.ts';
import { markedPrimary } from './primary.ts';

/** Changes to the same entry of a multi-valued attribute, such as the work address. */
interface EntryChanges {
  readonly entryPath: string;
  readonly path: ScimPath;
  readonly changes: AttributeChange[];
}

/**
 * Whether the account must be read before the changes can be written: a value is to be set in an entry such as
 * `addresses[type eq "work"]`, and nothing in the changes tells whether that entry is there. Setting a value in a missing
 * entry is an error (RFC 7644 section 3.5.2.3: noTarget), adding an entry that is there makes a second one.
 */
export function needsFreshRead(profile: ProviderProfile, changes: readonly AttributeChange[]): boolean {
  const entries = entriesOf(changes.map(settledChange));
  if (profile.patch.shape === 'pathless') return entries.length > 0;
  return entries.some(
    ({ changes: own }) => own.some(({ after }) => !isAbsent(after)) && own.every(({ before }) => isAbsent(before)),
  );
}

/**
 * The PATCH operations that make the changes, in the profile's shape and dialect. `fresh` is the account as just read,
 * where `needsFreshRead` asks for it; what it shows goes before what the changes say was there. May be empty.
 */
export function patchOperations(
  profile: ProviderProfile,
  changes: readonly AttributeChange[],
  fresh?: JsonObject,
): readonly PatchOperation[] {
  const settled = changes.map((change) => withFresh(settledChange(change), fresh));
  const plain = settled.filter(({ path }) => !entersEntry(pathOf(path)));
  const entries = entriesOf(settled);
  if (profile.patch.shape === 'pathless') return pathlessOperations(profile, plain, entries, fresh);
  return [
    ...plain.flatMap((change) => plainOperation(profile, change)),
    ...entries.flatMap((entry) => entryOperations(profile, entry, fresh)),
  ];
}

function withFresh(change: AttributeChange, fresh: JsonObject | undefined): AttributeChange {
  return fresh === undefined ? change : { ...change, before: readPath(fresh, change.path) ?? null };
}

function entersEntry(path: ScimPath): boolean {
  return path.filter !== null;
}

function entriesOf(changes: readonly AttributeChange[]): readonly EntryChanges[] {
  const byEntry = new Map<string, EntryChanges>();
  for (const change of changes) {
    const path = pathOf(change.path);
    if (!entersEntry(path)) continue;
    const entryPath = path.subAttribute === null ? path.text : path.text.slice(0, -(path.subAttribute.length + 1));
    const known = byEntry.get(entryPath);
    if (known === undefined) byEntry.set(entryPath, { entryPath, path, changes: [change] });
    else known.changes.push(change);
  }
  return [...byEntry.values()];
}

/** One operation for an attribute outside lists. Nothing to nothing is no operation: removing what is absent may be refused. */
function plainOperation(profile: ProviderProfile, change: AttributeChange): readonly PatchOperation[] {
  const { path, before, after } = change;
  if (isAbsent(after)) return isAbsent(before) ? [] : [patchOperation(profile, 'remove', { path })];
  // RFC 7644 section 3.5.2.1: add replaces a single value, but appends to a list.
  const verb = isAbsent(before) && !isArray(after) ? 'add' : 'replace';
  return [patchOperation(profile, verb, { path, value: dialectValue(profile, path, after) })];
}

function entryOperations(
  profile: ProviderProfile,
  entry: EntryChanges,
  fresh: JsonObject | undefined,
): readonly PatchOperation[] {
  const there =
    fresh === undefined
      ? entry.changes.some(({ before }) => !isAbsent(before))
      : readPath(fresh, entry.entryPath) !== undefined;
  if (!there) return newEntry(profile, entry, fresh);
  // An e-mail or phone number without its value is none: the whole entry goes.
  if (entry.changes.some(({ path, after }) => pathOf(path).subAttribute === 'value' && isAbsent(after))) {
    return [patchOperation(profile, 'remove', { path: entry.entryPath })];
  }
  return entry.changes.flatMap((change) => plainOperation(profile, change));
}

/** The entry as a new value of the list: every server tried understands that, and few an add into what is not there. */
function newEntry(
  profile: ProviderProfile,
  entry: EntryChanges,
  fresh: JsonObject | undefined,
): readonly PatchOperation[] {
  const set = entry.changes.filter(({ after }) => !isAbsent(after));
  if (set.length === 0) return [];
  const body = buildResource(
    set.map(({ path, after }) => [path, after] as const),
    'User',
  );
  const { urn, attribute } = entry.path;
  const list = `${urn === null ? '' : `${urn}:`}${attribute}`;
  const value = readPath(body, list);
  if (!isArray(value)) return [];
  const present = fresh === undefined ? undefined : readPath(fresh, list);
  const marked = markedPrimary(profile, list, value, isArray(present) ? present : []);
  return [patchOperation(profile, 'add', { path: list, value: marked })];
}

/**
 * One operation without a path whose value is a part of the resource (RFC 7644 section 3.5.2.3), extensions under their
 * URN, complex attributes nested. A list is replaced whole, so it is sent whole. Clearing needs a path in any dialect.
 */
function pathlessOperations(
  profile: ProviderProfile,
  plain: readonly AttributeChange[],
  entries: readonly EntryChanges[],
  fresh: JsonObject | undefined,
): readonly PatchOperation[] {
  const set = plain.filter(({ after }) => !isAbsent(after));
  const removals = plain.filter(({ before, after }) => isAbsent(after) && !isAbsent(before));
  const lists = new Map(entries.map(({ path }) => [path.text.slice(0, path.text.indexOf('[')), path]));
  const { schemas: _, ...value } = buildResource(
    [
      ...set.map(({ path, after }) => [path, dialectValue(profile, path, after)] as const),
      ...[...lists.keys()].map((list) => [list, mergedList(profile, fresh ?? {}, list, entries)] as const),
    ],
    'User',
  );
  return [
    ...(Object.keys(value).length === 0 ? [] : [patchOperation(profile, 'replace', { value })]),
    ...removals.map(({ path }) => patchOperation(profile, 'remove', { path })),
  ];
}

/** A list as it will be: the entries that are there, with the changes made in them, and the new ones. */
function mergedList(profile: ProviderProfile, fresh: JsonObject, list: string, entries: readonly EntryChanges[]): Json {
  let body = fresh;
  for (const entry of entries) {
    if (entry.entryPath.slice(0, entry.entryPath.indexOf('[')) === list) body = mergeChanges(body, entry.changes);
  }
  const values = readPath(body, list);
  return isArray(values) ? markedPrimary(profile, list, values) : [];
}

/**
 * A whole resource with the changes made in it, for PUT (RFC 7644 section 3.5.1: what is left out may be cleared, so
 * everything read is sent back). Read-only attributes are left out.
 */
export function mergeChanges(fresh: JsonObject, changes: readonly AttributeChange[]): JsonObject {
  let body = fresh;
  for (const change of changes.map(settledChange))
    body = isAbsent(change.after) ? cleared(body, pathOf(change.path)) : written(body, change);
  return body;
}

function written(body: JsonObject, { path: text, after }: AttributeChange): JsonObject {
  const path = pathOf(text);
  const top = path.urn ?? path.attribute;
  const base = body[top];
  // Only the touched attribute is rebuilt, on top of what is there; buildResource knows how entries merge.
  const seed: (readonly [string, Json])[] = [];
  if (path.urn === null && base !== undefined && (isArray(base) || isObject(base))) seed.push([path.attribute, base]);
  if (path.urn !== null && isObject(base)) {
    for (const [name, value] of Object.entries(base)) seed.push([`${path.urn}:${name}`, value]);
  }
  const built = buildResource([...seed, [path.text, after]], 'User');
  const schemas = path.urn === null ? body['schemas'] : merged(body['schemas'], path.urn);
  return { ...body, ...(schemas === undefined ? {} : { schemas }), [top]: built[top] ?? null };
}

function merged(schemas: Json | undefined, urn: string): Json {
  const known = isArray(schemas) ? schemas : [];
  return known.includes(urn) ? known : [...known, urn];
}

function cleared(body: JsonObject, path: ScimPath): JsonObject {
  const { urn, attribute, filter, subAttribute } = path;
  if (urn !== null) {
    const extension = body[urn];
    return isObject(extension) ? { ...body, [urn]: cleared(extension, { ...path, urn: null }) } : body;
  }
  const { [attribute]: value, ...rest } = body;
  if (value === undefined) return body;
  if (filter === null && subAttribute === null) return rest;
  if (filter === null) return isObject(value) ? { ...body, [attribute]: without(value, subAttribute) } : body;
  if (!isArray(value)) return body;
  const gone = subAttribute === null || subAttribute === 'value';
  const entries = value.flatMap((entry) => {
    if (!isObject(entry) || readPath({ [attribute]: [entry] }, { ...path, subAttribute: null }) === undefined)
      return [entry];
    return gone ? [] : [without(entry, subAttribute)];
  });
  return { ...body, [attribute]: entries };
}

function without(object: JsonObject, name: string | null): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
}
