/**
 * Grammar of Entra's mapping expressions (Learn: functions-for-customizing-application-data, "Syntax overview"):
 *
 *     expression = operand [ ("=" | "<>" | "<" | "<=" | ">" | ">=") operand ]
 *     operand    = Name "(" [ argument *("," argument) ] ")" | "[" attribute "]" | string | number | word
 *     argument   = [ expression ]            ; may be empty, as in Switch([a], , "k", "v")
 *
 * Names are case-sensitive. In a string only `\\` and `\"` are escapes.
 */
export type Operator = '=' | '<>' | '<' | '<=' | '>' | '>=';

/** `at` is the position of the first character, counted from 0. An argument left empty is null. */
export type Expression =
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly (Expression | null)[]; readonly at: number }
  | { readonly kind: 'attribute'; readonly name: string; readonly at: number }
  | { readonly kind: 'text'; readonly value: string; readonly at: number }
  | { readonly kind: 'number'; readonly value: number; readonly at: number }
  /** A bare word such as vbTextCompare; the function it is given to decides whether it knows it. */
  | { readonly kind: 'word'; readonly name: string; readonly at: number }
  | {
      readonly kind: 'comparison';
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
      readonly at: number;
    };

/** Entra's own limit (Learn: known-issues). */
export const EXPRESSION_LIMIT = 10_000;
const NESTING_LIMIT = 100;

/** What is wrong with an expression and where. Thrown while it is compiled and turned into a problem there. */
export class ExpressionProblem extends Error {
  override readonly name = 'ExpressionProblem';
  /** `at` counts from 0; the message counts from 1, as editors do. */
  constructor(at: number, message: string) {
    super(`at character ${at + 1}: ${message}`);
  }
}

interface Token {
  readonly kind: 'name' | 'attribute' | 'text' | 'number' | 'operator' | '(' | ')' | ',' | 'end';
  readonly text: string;
  readonly at: number;
}

const SPACE = /\s*/y;
const WORD = /[A-Za-z_]\w*/y;
const NUMBER = /-?\d+(?:\.\d+)?/y;
const OPERATOR = /<>|<=|>=|=|<|>/y;
const STRING = /"((?:[^"\\]|\\["\\])*)"/y;
const ATTRIBUTE = /\[\s*([^[\]"]*?)\s*\]/y;

function take(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

function tokenAt(source: string, from: number): { readonly token: Token; readonly next: number } {
  const at = from + (take(SPACE, source, from)?.[0].length ?? 0);
  const first = source[at];
  if (first === undefined) return { token: { kind: 'end', text: 'the end of the expression', at }, next: at };
  if (first === '(' || first === ')' || first === ',') return { token: { kind: first, text: first, at }, next: at + 1 };
  if (first === '"') return stringAt(source, at);
  if (first === '[') return attributeAt(source, at);
  for (const [kind, pattern] of [
    ['name', WORD],
    ['number', NUMBER],
    ['operator', OPERATOR],
  ] as const) {
    const found = take(pattern, source, at)?.[0];
    if (found !== undefined) return { token: { kind, text: found, at }, next: at + found.length };
  }
  const hint = /[\u2018\u2019\u201C\u201D']/.test(first) ? '; strings stand in straight double quotes' : '';
  throw new ExpressionProblem(
    at,
    `unexpected ${JSON.stringify(String.fromCodePoint(source.codePointAt(at) ?? 0))}${hint}`,
  );
}

function stringAt(source: string, at: number): { readonly token: Token; readonly next: number } {
  const match = take(STRING, source, at);
  if (match === null) {
    const body = /(?:[^"\\]|\\["\\])*/y;
    const end = at + 1 + (take(body, source, at + 1)?.[0].length ?? 0);
    throw source[end] === '\\'
      ? new ExpressionProblem(end, 'a backslash in a string is written \\\\ and a quotation mark \\"')
      : new ExpressionProblem(at, 'the string that starts here has no closing quotation mark');
  }
  const text = (match[1] ?? '').replace(/\\(["\\])/g, '$1');
  return { token: { kind: 'text', text, at }, next: at + match[0].length };
}

function attributeAt(source: string, at: number): { readonly token: Token; readonly next: number } {
  const match = take(ATTRIBUTE, source, at);
  const name = match?.[1];
  if (match === null || name === undefined)
    throw new ExpressionProblem(at, 'the attribute that starts here has no closing "]"');
  if (name === '') throw new ExpressionProblem(at, 'an attribute name is missing between "[" and "]"');
  return { token: { kind: 'attribute', text: name, at }, next: at + match[0].length };
}

interface Cursor {
  readonly source: string;
  token: Token;
  next: number;
  depth: number;
}

function advance(cursor: Cursor): Token {
  const { token } = cursor;
  const read = tokenAt(cursor.source, cursor.next);
  cursor.token = read.token;
  cursor.next = read.next;
  return token;
}

/** Reads an expression. Throws ExpressionProblem with the position and what was expected there. */
export function parseExpression(source: string): Expression {
  if (source.length > EXPRESSION_LIMIT) {
    throw new ExpressionProblem(
      EXPRESSION_LIMIT,
      `an expression may have ${EXPRESSION_LIMIT} characters, found ${source.length}`,
    );
  }
  const first = tokenAt(source, 0);
  const cursor: Cursor = { source, token: first.token, next: first.next, depth: 0 };
  const expression = parseComparison(cursor);
  if (cursor.token.kind !== 'end') throw unexpected(cursor.token, 'the end of the expression');
  return expression;
}

function unexpected(token: Token, expected: string): ExpressionProblem {
  const found = token.kind === 'end' ? token.text : token.kind === 'text' ? 'a string' : `"${token.text}"`;
  return new ExpressionProblem(token.at, `expected ${expected}, found ${found}`);
}

function isOperator(text: string): text is Operator {
  return /^(?:=|<>|<|<=|>|>=)$/.test(text);
}

function parseComparison(cursor: Cursor): Expression {
  const left = parseOperand(cursor);
  const { token } = cursor;
  if (token.kind !== 'operator' || !isOperator(token.text)) return left;
  advance(cursor);
  return { kind: 'comparison', operator: token.text, left, right: parseOperand(cursor), at: left.at };
}

function parseOperand(cursor: Cursor): Expression {
  const { kind, text, at } = cursor.token;
  if (kind !== 'text' && kind !== 'number' && kind !== 'attribute' && kind !== 'name') {
    throw unexpected(cursor.token, 'a function, an [attribute], a "string" or a number');
  }
  advance(cursor);
  if (kind === 'text') return { kind, value: text, at };
  if (kind === 'number') return { kind, value: Number(text), at };
  if (kind === 'attribute') return { kind, name: text, at };
  if (!stands(cursor, '(')) return { kind: 'word', name: text, at };
  return { kind: 'call', name: text, args: parseArguments(cursor), at };
}

/** Whether this token is next. */
function stands(cursor: Cursor, kind: Token['kind']): boolean {
  return cursor.token.kind === kind;
}

function parseArguments(cursor: Cursor): readonly (Expression | null)[] {
  const open = advance(cursor);
  cursor.depth += 1;
  if (cursor.depth > NESTING_LIMIT)
    throw new ExpressionProblem(open.at, `functions are nested more than ${NESTING_LIMIT} deep`);
  const args: (Expression | null)[] = [];
  if (stands(cursor, ')')) advance(cursor);
  else parseArgumentList(cursor, args);
  cursor.depth -= 1;
  return args;
}

function parseArgumentList(cursor: Cursor, args: (Expression | null)[]): void {
  for (;;) {
    args.push(stands(cursor, ',') || stands(cursor, ')') ? null : parseComparison(cursor));
    const separator = cursor.token;
    if (separator.kind !== ',' && separator.kind !== ')') throw unexpected(separator, '"," or ")"');
    advance(cursor);
    if (separator.kind === ')') return;
  }
}

/** The text of an expression, which parses to the same expression again. */
export function formatExpression(expression: Expression): string {
  if (expression.kind === 'call') {
    return `${expression.name}(${expression.args.map((arg) => (arg === null ? '' : formatExpression(arg))).join(', ')})`;
  }
  if (expression.kind === 'comparison') {
    return `${formatExpression(expression.left)} ${expression.operator} ${formatExpression(expression.right)}`;
  }
  if (expression.kind === 'text') return `"${expression.value.replace(/["\\]/g, '\\$&')}"`;
  if (expression.kind === 'number') return String(expression.value);
  return expression.kind === 'attribute' ? `[${expression.name}]` : expression.name;
}
