import type { AttributeValue } from '../../core/directory.ts';
import { RejectedError } from '../../core/errors.ts';
import { isObject, type RawObject } from './json.ts';

/** Attributes a mapping may name that Graph does not hold as properties of a user: computed, or a relationship. */
const NOT_PROPERTIES = new Set(['manager', 'IsSoftDeleted', 'appRoleAssignments']);

/** Names of Entra's own attribute mappings that Graph spells otherwise. */
const ALIASES: Readonly<Record<string, string>> = {
  objectId: 'id',
  originalUserPrincipalName: 'userPrincipalName',
};

/** One attribute and the way to its value inside a Graph object. */
interface AttributePath {
  readonly attribute: string;
  readonly path: readonly string[];
}

/** Which properties to ask Graph for, and how to read the attributes from what it returns. */
export interface Selection {
  /** Value of `$select`, sorted, without duplicates. */
  readonly select: string;
  /**
   * The asked attributes of one object. Graph leaves out what is not set, so absent reads as null.
   * @throws RejectedError for an attribute that is an object or a list of objects
   */
  read(object: RawObject): Readonly<Record<string, AttributeValue>>;
}

/**
 * Derives `$select` from attribute names: dotted names ask for their first part, `extensionAttribute1` to `15` live in
 * onPremisesExtensionAttributes, directory extensions (`extension_<appId>_name`) are properties by their full name.
 */
export function selectAttributes(attributes: readonly string[], always: readonly string[]): Selection {
  const paths: readonly AttributePath[] = [...new Set(attributes)]
    .filter((attribute) => !NOT_PROPERTIES.has(attribute))
    .map((attribute) => ({ attribute, path: pathOf(attribute) }));
  const properties = [...always, ...paths.flatMap(({ path }) => path.slice(0, 1))];
  return {
    select: [...new Set(properties)].toSorted().map(encodeURIComponent).join(','),
    read: (object) =>
      Object.fromEntries(paths.map(({ attribute, path }) => [attribute, valueAt(object, attribute, path)])),
  };
}

function pathOf(attribute: string): readonly string[] {
  if (/^extensionAttribute([1-9]|1[0-5])$/u.test(attribute)) return ['onPremisesExtensionAttributes', attribute];
  return (ALIASES[attribute] ?? attribute).split('.');
}

function valueAt(object: RawObject, attribute: string, path: readonly string[]): AttributeValue {
  let value: unknown = object;
  for (const step of path) value = isObject(value) ? value[step] : undefined;
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value) && value.every((element) => typeof element === 'string')) return value;
  throw new RejectedError(`The directory attribute ${attribute} is not text, a number, a boolean or a list of texts.`, {
    remedy: `Map one of its parts instead, written as ${attribute}.part.`,
  });
}
