import { COMPARISONS, type AttributePath, type CompareValue, type Filter, type PatchPath } from './ast.ts';

/** The text is not in the grammar of RFC 7644 figures 1 and 7. The caller decides between invalidFilter and invalidPath. */
export class GrammarError extends Error {
  override readonly name = 'GrammarError';
}

/**
 * Own parser, not scim2-parse-filter: that one doubles backslashes inside strings, does not know `$ref`, and turns
 * `emails[type eq "work"].value eq "x"` into two comparisons that different e-mails may satisfy. A test compares the two
 * on everything else.
 */
interface Cursor {
  readonly text: string;
  at: number;
  readonly afterValuePath: boolean;
  depth: number;
}

const MAX_DEPTH = 50;
const PATH = /(?:(urn:[\w.:-]+):)?([$a-z][\w-]*)(?:\.([$a-z][\w-]*))?/iy;
const SUB_ATTRIBUTE = /\.([$a-z][\w-]*)/iy;
const WORD = /[a-z]+(?![\w$.:-])/iy;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.])/iy;

function fail(cursor: Cursor, expected: string): never {
  throw new GrammarError(`expected ${expected} at position ${cursor.at + 1}`);
}

function match(cursor: Cursor, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found !== null) cursor.at = pattern.lastIndex;
  return found;
}

function take(cursor: Cursor, literal: string): boolean {
  if (!cursor.text.startsWith(literal, cursor.at)) return false;
  cursor.at += literal.length;
  return true;
}

function skipSpaces(cursor: Cursor): number {
  const start = cursor.at;
  while (cursor.text[cursor.at] === ' ') cursor.at += 1;
  return cursor.at - start;
}

function takeWord<W extends string>(cursor: Cursor, ...words: readonly W[]): W | undefined {
  const start = cursor.at;
  const word = match(cursor, WORD)?.[0].toLowerCase();
  const known = words.find((candidate) => candidate === word);
  if (known === undefined) cursor.at = start;
  return known;
}

function parseOr(cursor: Cursor): Filter {
  return parseChain(cursor, 'or', parseAnd);
}

function parseAnd(cursor: Cursor): Filter {
  return parseChain(cursor, 'and', parseTerm);
}

function parseChain(cursor: Cursor, operator: 'and' | 'or', parseOperand: (cursor: Cursor) => Filter): Filter {
  const first = parseOperand(cursor);
  const operands = [first];
  for (;;) {
    const start = cursor.at;
    if (skipSpaces(cursor) === 0 || takeWord(cursor, operator) === undefined) {
      cursor.at = start;
      return operands.length === 1 ? first : { kind: 'logical', operator, operands };
    }
    if (skipSpaces(cursor) === 0) fail(cursor, `a space after "${operator}"`);
    operands.push(parseOperand(cursor));
  }
}

function parseTerm(cursor: Cursor): Filter {
  const start = cursor.at;
  if (takeWord(cursor, 'not') !== undefined) {
    skipSpaces(cursor);
    if (cursor.text[cursor.at] === '(') return { kind: 'not', operand: parseGroup(cursor) };
    cursor.at = start;
  }
  if (cursor.text[cursor.at] === '(') return parseGroup(cursor);
  return parseExpression(cursor);
}

function parseGroup(cursor: Cursor): Filter {
  cursor.at += 1;
  cursor.depth += 1;
  if (cursor.depth > MAX_DEPTH) throw new GrammarError(`more than ${MAX_DEPTH} nested parentheses`);
  skipSpaces(cursor);
  const inner = parseOr(cursor);
  skipSpaces(cursor);
  if (!take(cursor, ')')) fail(cursor, '")"');
  cursor.depth -= 1;
  return inner;
}

function parseAttributePath(cursor: Cursor): AttributePath {
  const found = match(cursor, PATH);
  const name = found?.[2];
  if (name === undefined) return fail(cursor, 'an attribute name');
  return { schema: found?.[1], name, subName: found?.[3] };
}

function parseExpression(cursor: Cursor): Filter {
  const path = parseAttributePath(cursor);
  if (cursor.text[cursor.at] === '[') {
    const filter = parseBracket(cursor);
    const tail = cursor.afterValuePath ? parseAfterBracket(cursor, path) : undefined;
    return { kind: 'value-path', path, filter, tail };
  }
  return parseOperator(cursor, path);
}

function parseBracket(cursor: Cursor): Filter {
  cursor.at += 1;
  skipSpaces(cursor);
  const filter = parseOr(cursor);
  skipSpaces(cursor);
  if (!take(cursor, ']')) fail(cursor, '"]"');
  if (containsValuePath(filter)) throw new GrammarError('a value path cannot contain another');
  return filter;
}

function containsValuePath(filter: Filter): boolean {
  switch (filter.kind) {
    case 'logical':
      return filter.operands.some(containsValuePath);
    case 'not':
      return containsValuePath(filter.operand);
    case 'value-path':
      return true;
    case 'present':
    case 'compare':
      return false;
    default:
      return filter satisfies never;
  }
}

function parseAfterBracket(cursor: Cursor, path: AttributePath): Filter | undefined {
  const name = match(cursor, SUB_ATTRIBUTE)?.[1];
  return name === undefined ? undefined : parseOperator(cursor, { schema: path.schema, name, subName: undefined });
}

function parseOperator(cursor: Cursor, path: AttributePath): Filter {
  if (skipSpaces(cursor) === 0) fail(cursor, 'a space after the attribute name');
  const operator = takeWord(cursor, 'pr', ...COMPARISONS);
  if (operator === undefined) return fail(cursor, 'an operator');
  if (operator === 'pr') return { kind: 'present', path };
  if (skipSpaces(cursor) === 0) fail(cursor, `a space after "${operator}"`);
  return { kind: 'compare', operator, path, value: parseCompareValue(cursor) };
}

function parseCompareValue(cursor: Cursor): CompareValue {
  const literal = match(cursor, STRING)?.[0] ?? match(cursor, NUMBER)?.[0] ?? takeWord(cursor, 'true', 'false', 'null');
  if (literal === undefined) return fail(cursor, 'a value: a quoted string, a number, true, false or null');
  try {
    const value: CompareValue = JSON.parse(literal);
    return value;
  } catch {
    throw new GrammarError(`the string before position ${cursor.at + 1} is not a JSON string`);
  }
}

function newCursor(text: string, afterValuePath: boolean): Cursor {
  return { text, at: 0, afterValuePath, depth: 0 };
}

/**
 * Parses a filter (RFC 7644 section 3.4.2.2, figure 1). With `afterValuePath` also the dialect that goes on after the
 * bracket. Throws GrammarError.
 */
export function parseFilter(text: string, afterValuePath = false): Filter {
  const cursor = newCursor(text.trim(), afterValuePath);
  const filter = parseOr(cursor);
  if (cursor.at !== cursor.text.length) fail(cursor, '"and", "or" or the end of the filter');
  return filter;
}

/** Parses the path of a PATCH operation (RFC 7644 section 3.5.2, figure 7). Throws GrammarError. */
export function parsePatchPath(text: string): PatchPath {
  const cursor = newCursor(text, false);
  const path = parseAttributePath(cursor);
  let filter: Filter | undefined;
  let subName = path.subName;
  if (cursor.text[cursor.at] === '[') {
    if (subName !== undefined) fail(cursor, 'no filter on a sub-attribute');
    filter = parseBracket(cursor);
    subName = match(cursor, SUB_ATTRIBUTE)?.[1];
  }
  if (cursor.at !== cursor.text.length) fail(cursor, 'the end of the path');
  return { path, filter, subName };
}
