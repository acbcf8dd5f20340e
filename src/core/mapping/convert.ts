import type { Json } from '../scim.ts';
import type { ScimPath } from '../scim-path.ts';
import { asBoolean, isArray, isObject } from '../scim-path.ts';
import type { AttributeShape } from '../scim-schema.ts';
import { attributeShape } from '../scim-schema.ts';
import { booleanText, EvaluationError } from './value.ts';

/**
 * Gives a value the type of its target; null is "no value". Throws EvaluationError, which never names the value, for
 * one that does not fit.
 */
export type Convert = (value: Json) => Json;

/**
 * The conversion into a target's SCIM type (RFC 7643 sections 2.3 and 2.4). Blank strings and empty lists are "no value":
 * providers disagree what an empty string means, and RFC 7643 section 2.5 makes null and empty lists equal to absence.
 * Targets of unknown schemas take text, numbers, booleans and lists as they come.
 */
export function converterFor(path: ScimPath): Convert {
  const shape = attributeShape(path.urn, path.attribute);
  if (shape === undefined) return asIs;
  if (path.subAttribute !== null) {
    return scalarConverter(shape.subAttributes.get(path.subAttribute.toLowerCase())?.type ?? 'string');
  }
  if (shape.multiValued) return toEntries;
  return shape.type === 'complex' ? toComplex : scalarConverter(shape.type);
}

function scalarConverter(type: AttributeShape['type']): Convert {
  return type === 'boolean' ? toBoolean : toText;
}

const UNSTORABLE = /[\0\uD800-\uDFFF]/;
const LONE_SURROGATE = /(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])/g;

/** Text that JSON, databases and providers all accept: no NUL, no half of a surrogate pair. */
function storable(text: string): string {
  return UNSTORABLE.test(text) ? text.replaceAll('\0', '').replace(LONE_SURROGATE, '\uFFFD') : text;
}

/** Blank text is no value: providers trim it to nothing, and it would differ again in the next cycle. */
function toWritten(text: string): string | null {
  const clean = storable(text);
  // Most text starts with a letter and needs no closer look.
  return clean.charCodeAt(0) > 0x20 || clean.trim() !== '' ? clean : null;
}

function toText(value: Json): string | null {
  if (typeof value === 'string') return toWritten(value);
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return booleanText(value);
  if (value === null) return null;
  if (!isArray(value)) throw new EvaluationError('it takes a single value, not an object');
  if (value.length > 1) throw new EvaluationError(`it takes a single value, but there are ${value.length}`);
  return toText(value[0] ?? null);
}

function toBoolean(value: Json): boolean | null {
  const flag = asBoolean(value);
  if (flag !== undefined) return flag;
  if (value === 1 || value === '1') return true;
  if (value === 0 || value === '0') return false;
  if (value === null || (typeof value === 'string' && toWritten(value) === null)) return null;
  throw new EvaluationError('it takes "True" or "False"');
}

function toComplex(value: Json): Json {
  if (isObject(value)) return value;
  const text = toText(value);
  return text === null ? null : { value: text };
}

/** Entries of a multi-valued attribute; plain text becomes the entry's `value` (RFC 7643 section 2.4). */
function toEntries(value: Json): Json {
  const list = isArray(value) ? value : [value];
  const entries = list.flatMap((each): Json[] => {
    if (isObject(each)) return [each];
    const inner = asIs(each);
    return inner === null ? [] : [{ value: inner }];
  });
  return entries.length === 0 ? null : entries;
}

function asIs(value: Json): Json {
  if (typeof value === 'string') return toWritten(value);
  if (!isArray(value)) return value;
  const list = value.map(asIs).filter((each) => each !== null);
  return list.length === 0 ? null : list;
}
