import type { RequestShape } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/scim.ts';
import { isArray, isObject, readMember } from '../../core/scim-path.ts';
import { parseObject, type ScimRequest } from './answer.ts';

/** Longer explanations are cut: what matters comes first. */
const MOST_CHARACTERS = 300;
/** A piece of a token this long is as good as the token to whoever knows where it came from. */
const TOKEN_PIECE = 8;

/**
 * The provider's own words about a failure: `detail` (RFC 7644 section 3.12), or what others call it. Providers repeat what
 * they were sent, so what was sent, quoted values, addresses and long identifiers are masked, and nothing is kept of an
 * answer that has any part of the token in it.
 */
export function detailOf(text: string, token: string, request: ScimRequest): string | undefined {
  const words = wordsOf(parseObject(text));
  if (words === undefined || sharesPiece(words, token)) return undefined;
  const clean = withoutValues(words, request)
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, ' ')
    .replace(/\S*[@\uff20]\S*|\S*%40\S*/giu, '…')
    .replace(/(["'`«»“”‘’]).*?\1|“.*?”|‘.*?’|«.*?»/gu, '"…"')
    .replace(/\b(bearer|basic)\s+\S+/giu, '$1 …')
    .replace(/https?:\/\/\S+/giu, '…')
    .replace(/[\w+/=.~-]*\d[\w+/=.~-]{11,}|[\w+/=-]{12,}\d[\w+/=-]*|[\w+/=-]{33,}/gu, '…')
    .trim();
  if (clean === '') return undefined;
  return clean.length <= MOST_CHARACTERS ? clean : `${clean.slice(0, MOST_CHARACTERS - 1)}…`;
}

function wordsOf(body: JsonObject | undefined): string | undefined {
  if (body === undefined) return undefined;
  // SCIM 1.1 providers send a list of errors.
  const errors = readMember(body, 'Errors');
  const first = isArray(errors) ? errors[0] : undefined;
  const nested = readMember(body, 'error');
  for (const [place, names] of [
    [body, ['detail', 'message', 'error_description', 'description']],
    [isObject(first) ? first : {}, ['description', 'message']],
    [isObject(nested) ? nested : {}, ['message', 'detail']],
  ] as const) {
    for (const name of names) {
      const found = readMember(place, name);
      if (typeof found === 'string' && found.trim() !== '') return found.slice(0, 4000);
    }
  }
  return undefined;
}

/** Shorter values are words of the language too. */
const SHORTEST_VALUE = 3;

/** Masks every value that was sent: a name is a name without quotes, too. */
function withoutValues(words: string, { id, parameters, body }: ScimRequest): string {
  const values = [...stringsIn(body), ...(id === undefined ? [] : [id]), ...Object.values(parameters ?? {})];
  let left = words;
  for (const value of values.toSorted((a, b) => b.length - a.length)) {
    if (value.length < SHORTEST_VALUE || !left.toLowerCase().includes(value.toLowerCase())) continue;
    left = left.replace(new RegExp(value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'giu'), '…');
  }
  return left;
}

function stringsIn(value: Json | undefined, name = ''): readonly string[] {
  // What these hold is the language of SCIM, not of people.
  if (name === 'schemas' || name === 'op' || name === 'path') return [];
  if (typeof value === 'string') return [value];
  if (isArray(value)) return value.flatMap((inner) => stringsIn(inner, name));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([inner, content]: [string, Json]) => stringsIn(content, inner));
}

function sharesPiece(words: string, token: string): boolean {
  if (token.length <= TOKEN_PIECE) return words.includes(token);
  for (let at = 0; at + TOKEN_PIECE <= token.length; at += 1) {
    if (words.includes(token.slice(at, at + TOKEN_PIECE))) return true;
  }
  return false;
}

/** What was asked without any value: method, collection, and which attributes were named. */
export function shapeOf({ method, collection, body }: ScimRequest): RequestShape {
  return { method, collection, attributes: body === undefined ? [] : [...new Set(attributesOf(body))].toSorted() };
}

function attributesOf(body: JsonObject): readonly string[] {
  const operations = readMember(body, 'Operations');
  if (!isArray(operations)) return namesIn(body);
  return operations.flatMap((operation) => {
    const path = isObject(operation) ? readMember(operation, 'path') : undefined;
    const value = isObject(operation) ? readMember(operation, 'value') : undefined;
    if (typeof path === 'string') return [path.replace(/"(?:[^"\\]|\\.)*"/g, '"…"')];
    return isObject(value) ? namesIn(value) : [];
  });
}

function namesIn(body: JsonObject): readonly string[] {
  return Object.entries(body).flatMap(([name, value]: [string, Json]) => {
    if (name === 'schemas') return [];
    return name.startsWith('urn:') && isObject(value) ? Object.keys(value).map((inner) => `${name}:${inner}`) : [name];
  });
}
