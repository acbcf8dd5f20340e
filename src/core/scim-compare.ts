import type { Json, JsonObject } from './scim.ts';
import type { ScimPath } from './scim-path.ts';
import { asBoolean, isArray, isObject, readMember } from './scim-path.ts';
import type { AttributeShape, Comparison } from './scim-schema.ts';
import { attributeShape } from './scim-schema.ts';

/**
 * Whether a provider already holds a desired value. The aim is that a value sent once is not sent again in every
 * cycle, and that a change anybody would notice is. So, beyond JSON equality:
 *
 * - missing, null, blank text, [] and {} are all "no value" (RFC 7643 section 2.5; providers disagree on "");
 * - booleans and numbers equal their text, as providers send "True" or "42";
 * - text is compared with case, but not by Unicode composition or surrounding white space, which databases drop;
 * - userName is compared without case (RFC 7643 section 4.1.1), e-mail addresses too, and phone numbers by their
 *   digits (section 4.1.2 lets providers canonicalise both);
 * - times are compared as instants;
 * - lists have no order, and an entry may carry more sub-attributes than asked for (`display`, `$ref`, `primary`).
 */
export function holds(path: ScimPath, found: Json | undefined, wanted: Json, trimUserName = false): boolean {
  if (found === wanted) return true;
  if (isAbsent(wanted)) return isAbsent(found);
  const shape = attributeShape(path.urn, path.attribute);
  const target = path.subAttribute === null ? shape : shape?.subAttributes.get(path.subAttribute.toLowerCase());
  return matches(found, wanted, target, trimUserName);
}

/** Whether a value says nothing: missing, null, an empty or blank string, or a list or object of nothing but such values. */
export function isAbsent(value: Json | undefined): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value === 'string') return value === '' || value.trim() === '';
  if (isArray(value)) return value.every(isAbsent);
  return isObject(value) && Object.values(value).every(isAbsent);
}

type Shape = AttributeShape | undefined;

function matches(found: Json | undefined, wanted: Json, shape: Shape, trim: boolean): boolean {
  if (isArray(wanted)) return matchesList(found, wanted, shape, trim);
  // A single value that the provider keeps as a list of one.
  const single = isArray(found) && found.length === 1 ? found[0] : found;
  if (isObject(wanted)) return isObject(single) && matchesObject(single, wanted, shape, trim);
  const value = isObject(single) ? readMember(single, 'value') : single;
  return value !== undefined && !isArray(value) && !isObject(value) && sameScalar(value, wanted, shape, trim);
}

function matchesObject(found: JsonObject, wanted: JsonObject, shape: Shape, trim: boolean): boolean {
  return Object.entries(wanted).every(([name, value]) => {
    const inner = readMember(found, name);
    if (isAbsent(value)) return isAbsent(inner);
    return matches(inner, value, shape?.subAttributes.get(name.toLowerCase()), trim);
  });
}

/** As sets: each wanted entry is there, and nothing is there that is not wanted. */
function matchesList(found: Json | undefined, wanted: readonly Json[], shape: Shape, trim: boolean): boolean {
  const present = (isArray(found) ? found : [found ?? null]).filter((each) => !isAbsent(each));
  const asked = wanted.filter((each) => !isAbsent(each));
  return (
    asked.every((each) => present.some((entry) => matchesEntry(entry, each, shape, trim))) &&
    present.every((entry) => asked.some((each) => matchesEntry(entry, each, shape, trim)))
  );
}

/** Providers may keep `{value: "x"}` as "x" and the other way round. */
function matchesEntry(found: Json, wanted: Json, shape: Shape, trim: boolean): boolean {
  const plain = !isObject(found) && isObject(wanted) ? { value: found } : found;
  return matches(plain, wanted, shape, trim);
}

type Scalar = string | number | boolean | null;

function sameScalar(found: Scalar, wanted: Scalar, shape: Shape, trim: boolean): boolean {
  if (found === wanted) return true;
  if (typeof found === 'string' && typeof wanted === 'string') {
    return sameText(found, wanted, shape?.comparison ?? 'exact', trim);
  }
  if (typeof found === 'boolean' || typeof wanted === 'boolean') {
    const [a, b] = [asBoolean(found), asBoolean(wanted)];
    return a !== undefined && a === b;
  }
  return String(found) === String(wanted);
}

/** Text equality as described at `holds`. `trim` also forgives white space around a userName. */
export function sameText(found: string, wanted: string, comparison: Comparison, trim = false): boolean {
  if (found === wanted) return true;
  if (comparison === 'user-name')
    return trim ? foldText(found.trim()) === foldText(wanted.trim()) : foldText(found) === foldText(wanted);
  if (comparison === 'email') return foldText(found.trim()) === foldText(wanted.trim());
  const [a, b] = [found.trim().normalize('NFC'), wanted.trim().normalize('NFC')];
  if (a === b) return true;
  return comparison === 'phone' ? samePhone(a, b) : sameInstant(a, b);
}

/** Text by which names and addresses are the same: without case, and whichever way their accents are composed. */
export function foldText(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/** Visual separators of a telephone number carry no meaning (RFC 3966 section 5.1.1). */
function samePhone(a: string, b: string): boolean {
  const bare = (text: string) =>
    text
      .toLowerCase()
      .replace(/^tel:/, '')
      .replace(/[\s().-]/g, '');
  return bare(a) === bare(b);
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

function sameInstant(a: string, b: string): boolean {
  return INSTANT.test(a) && INSTANT.test(b) && Date.parse(a) === Date.parse(b);
}
