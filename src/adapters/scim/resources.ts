import type { Account, Json, JsonObject, ResourceId, ScimGroup } from '../../core/scim.ts';
import { asBoolean, isArray, isObject, readMember } from '../../core/scim-path.ts';
import { type AttributeShape, attributeShape, canonicalUrn } from '../../core/scim-schema.ts';

/**
 * The body with attribute names in canonical case: names are compared without case (RFC 7643 section 2.1) and .NET
 * servers echo PascalCase. Parts that need no change are returned as they are. Names of unknown schemas are kept.
 */
export function canonicalBody(body: JsonObject): JsonObject {
  return renamed(body, (name) => {
    if (name.includes(':')) {
      const urn = canonicalUrn(name);
      return { name: urn, inside: (attribute) => namingOf(attributeShape(urn, attribute), attribute) };
    }
    return name.toLowerCase() === 'schemas' ? { name: 'schemas' } : namingOf(attributeShape(null, name), name);
  });
}

/** What a name is to be called, and how the names inside its value are. */
interface Naming {
  readonly name: string;
  readonly inside?: (name: string) => Naming;
}

function namingOf(shape: AttributeShape | undefined, name: string): Naming {
  if (shape === undefined) return { name };
  if (shape.subAttributes.size === 0) return { name: shape.name };
  return { name: shape.name, inside: (sub) => namingOf(shape.subAttributes.get(sub.toLowerCase()), sub) };
}

/** Most bodies need no change: a copy is begun only where the first one is due. */
function renamed(object: JsonObject, naming: (name: string) => Naming): JsonObject {
  let result: Record<string, Json> | undefined;
  const entries = Object.entries(object);
  for (const [position, [key, value]] of entries.entries()) {
    const { name, inside } = naming(key);
    const next = inside === undefined ? value : renamedInside(value, inside);
    if (result === undefined && name === key && next === value) continue;
    result ??= Object.fromEntries(entries.slice(0, position));
    result[name] = next;
  }
  return result ?? object;
}

function renamedInside(value: Json, naming: (name: string) => Naming): Json {
  if (isObject(value)) return renamed(value, naming);
  if (!isArray(value)) return value;
  const entries = value.map((entry) => (isObject(entry) ? renamed(entry, naming) : entry));
  return entries.some((entry, index) => entry !== value[index]) ? entries : value;
}

function textAt(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The id of a resource as it was answered, however its name is spelt; a number is taken for its digits. Undefined when there is none. */
export function idOf(body: JsonObject | undefined): ResourceId | undefined {
  const value = body === undefined ? undefined : readMember(body, 'id');
  return typeof value === 'number' ? String(value) : typeof value === 'string' && value !== '' ? value : undefined;
}

/** Words providers have for the state of an account. `status` is no attribute of RFC 7643: it counts where `active` says nothing. */
const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['active', true],
  ['enabled', true],
  ['disabled', false],
  ['inactive', false],
  ['deactivated', false],
  ['suspended', false],
]);

/** Whether a body shows an active account: by `active` or, where that is absent or no answer, by a status in words. Undefined when it does not say. */
export function shownActive(body: JsonObject): boolean | undefined {
  const active = readMember(body, 'active');
  return asBoolean(active) ?? inWords(active) ?? inWords(readMember(body, 'status'));
}

function inWords(value: Json | undefined): boolean | undefined {
  return typeof value === 'string' ? WORDS.get(value.toLowerCase()) : undefined;
}

/** An account from a resource body, or undefined when the body has no id. One that does not say whether it is active counts as active. */
export function toAccount(raw: JsonObject): Account | undefined {
  const body = canonicalBody(raw);
  const id = idOf(body);
  if (id === undefined) return undefined;
  const externalId = textAt(body, 'externalId');
  return {
    id,
    userName: textAt(body, 'userName') ?? '',
    ...(externalId === undefined ? {} : { externalId }),
    active: shownActive(body) ?? true,
    body,
  };
}

/**
 * A SCIM group from a resource body, or undefined when the body has no id. `members` is there when the body shows the
 * attribute; `assumed` takes a missing one for an empty one, as RFC 7643 section 2.5 allows, and `hidden` believes none
 * at all: a provider is known that shows every group with an empty list.
 */
export function toGroup(raw: JsonObject, members: 'shown' | 'assumed' | 'hidden'): ScimGroup | undefined {
  const body = canonicalBody(raw);
  const id = idOf(body);
  if (id === undefined) return undefined;
  const externalId = textAt(body, 'externalId');
  const ids = members === 'hidden' ? undefined : memberIds(body['members'], members === 'assumed');
  return {
    id,
    displayName: textAt(body, 'displayName') ?? '',
    ...(externalId === undefined ? {} : { externalId }),
    ...(ids === undefined ? {} : { members: ids }),
  };
}

function memberIds(value: Json | undefined, assumeShown: boolean): readonly ResourceId[] | undefined {
  if (!isArray(value)) return assumeShown || value === null ? [] : undefined;
  return value.flatMap((entry) => {
    const id = isObject(entry) ? entry['value'] : entry;
    return typeof id === 'string' && id !== '' ? [id] : typeof id === 'number' ? [String(id)] : [];
  });
}
