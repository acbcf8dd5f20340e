import type { Json } from '../scim.ts';
import type { ScimPath } from '../scim-path.ts';
import { asBoolean, isArray, isObject } from '../scim-path.ts';
import type { AttributeShape } from '../scim-schema.ts';
import { attributeShape } from '../scim-schema.ts';
import { booleanText } from './value.ts';

/** A value in the type of its target, null for "no value", or why it does not fit. Never names the value itself. */
export type Converted = { readonly value: Json } | { readonly misfit: string };
export type Convert = (value: Json) => Converted;

const NO_VALUE = { value: null };
const TRUE: Converted = { value: true };
const FALSE: Converted = { value: false };

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
function isBlank(text: string): boolean {
  return text === '' || text.trim() === '';
}

function toText(value: Json): Converted {
  if (typeof value === 'string') return asIs(value);
  if (typeof value === 'number') return { value: String(value) };
  if (typeof value === 'boolean') return { value: booleanText(value) };
  if (value === null) return NO_VALUE;
  if (!isArray(value)) return { misfit: 'it takes a single value, not an object' };
  if (value.length > 1) return { misfit: `it takes a single value, but there are ${value.length}` };
  return toText(value[0] ?? null);
}

function toBoolean(value: Json): Converted {
  const flag = asBoolean(value);
  if (flag !== undefined) return flag ? TRUE : FALSE;
  if (value === 1 || value === '1') return TRUE;
  if (value === 0 || value === '0') return FALSE;
  return value === null || (typeof value === 'string' && isBlank(value))
    ? NO_VALUE
    : { misfit: 'it takes "True" or "False"' };
}

function toComplex(value: Json): Converted {
  if (isObject(value)) return { value };
  const text = toText(value);
  return 'misfit' in text || text.value === null ? text : { value: { value: text.value } };
}

/** Entries of a multi-valued attribute; plain text becomes the entry's `value` (RFC 7643 section 2.4). */
function toEntries(value: Json): Converted {
  const list = isArray(value) ? value : [value];
  const entries = list.flatMap((each): Json[] => {
    if (isObject(each)) return [each];
    const { value: inner } = asIs(each);
    return inner === null ? [] : [{ value: inner }];
  });
  return entries.length === 0 ? NO_VALUE : { value: entries };
}

function asIs(value: Json): { readonly value: Json } {
  if (isArray(value) && value.length === 0) return NO_VALUE;
  if (typeof value === 'string') {
    const text = storable(value);
    return isBlank(text) ? NO_VALUE : { value: text };
  }
  return { value: isArray(value) ? value.map((each) => (typeof each === 'string' ? storable(each) : each)) : value };
}
