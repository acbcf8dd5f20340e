import type { Expression, Operator } from './expression-syntax.ts';
import { ExpressionProblem, parseExpression } from './expression-syntax.ts';
import type { Argument, FunctionDefinition } from './function-definition.ts';
import { REPLACE } from './function-replace.ts';
import { LOGIC_FUNCTIONS } from './functions-logic.ts';
import { TEXT_FUNCTIONS } from './functions-text.ts';
import { nearestName } from './nearest-name.ts';
import { resolveSource } from './source-attributes.ts';
import type { Evaluate, Value } from './value.ts';
import { EvaluationError, numberOf, textOf } from './value.ts';

const FUNCTIONS: ReadonlyMap<string, FunctionDefinition> = new Map(
  [...TEXT_FUNCTIONS, ...LOGIC_FUNCTIONS, REPLACE].map((each) => [each.name, each]),
);

const CHANCE = 'gives another value every time, so a plan could never be repeated or approved';
const DATES = 'works on dates, which Headgate does not convert; map the attribute directly';

/** Functions Entra has and Headgate refuses, with the reason. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['Now', CHANCE],
  ['Guid', CHANCE],
  ['RandomString', CHANCE],
  ['SelectUniqueValue', 'asks the target for free values, which only Entra does and only for some targets'],
  ...['CDate', 'DateAdd', 'DateDiff', 'DateFromNum', 'FormatDateTime', 'NumFromDate'].map((name): [string, string] => [
    name,
    DATES,
  ]),
  ['IgnoreFlowIfNullOrEmpty', 'is not needed: an empty value does not flow unless the mapping says nulls: clear'],
  ['Redact', 'is not needed: values never reach the log'],
  ['BitAnd', 'is not supported'],
  ['ConvertToBase64', 'is not supported'],
  ['ConvertToUTF8Hex', 'is not supported'],
  ['AppRoleAssignmentsComplex', 'is not supported; use SingleAppRoleAssignment([appRoleAssignments])'],
  ['AssertiveAppRoleAssignmentsComplex', 'is not supported; use SingleAppRoleAssignment([appRoleAssignments])'],
]);

/** An expression ready to run, with the names of the source attributes it reads. */
export interface CompiledExpression {
  readonly evaluate: Evaluate;
  /** As written, pseudo-attributes such as IsSoftDeleted included. */
  readonly attributes: ReadonlySet<string>;
}

/**
 * Compiles an expression of Entra's mapping language. Throws ExpressionProblem, naming the place, what is wrong there
 * and what was expected.
 */
export function compileExpression(source: string): CompiledExpression {
  const attributes = new Set<string>();
  return { evaluate: compile(parseExpression(source), attributes), attributes };
}

function compile(expression: Expression, attributes: Set<string>): Evaluate {
  if (expression.kind === 'call') return compileCall(expression, attributes);
  if (expression.kind === 'attribute') return compileAttribute(expression, attributes);
  if (expression.kind === 'comparison') {
    const { operator, left, right } = expression;
    return comparison(operator, compile(left, attributes), compile(right, attributes));
  }
  if (expression.kind === 'word') {
    const { name, at } = expression;
    throw new ExpressionProblem(at, `"${name}" is neither a call, an [attribute] nor a "string"; missing brackets?`);
  }
  const { value } = expression;
  return () => value;
}

function compileAttribute({ name, at }: Expression & { kind: 'attribute' }, attributes: Set<string>): Evaluate {
  const resolved = resolveSource(name);
  if ('problem' in resolved) throw new ExpressionProblem(at, resolved.problem);
  attributes.add(name);
  return resolved.read;
}

function compileCall(call: Expression & { kind: 'call' }, attributes: Set<string>): Evaluate {
  const definition = FUNCTIONS.get(call.name);
  if (definition === undefined) throw unknownFunction(call);
  checkArity(definition, call);
  const args = call.args.map((syntax, index): Argument | undefined => {
    if (syntax === null) return undefined;
    const raw = definition.raw?.includes(index) === true;
    return { syntax, evaluate: raw ? () => null : compile(syntax, attributes) };
  });
  return definition.build(args, call.at);
}

function unknownFunction(call: Expression & { kind: 'call' }): ExpressionProblem {
  const refused = REFUSED.get(call.name);
  if (refused !== undefined) return new ExpressionProblem(call.at, `the function ${call.name} ${refused}`);
  const meant = nearestName(call.name, [...FUNCTIONS.keys(), ...REFUSED.keys()]);
  return new ExpressionProblem(
    call.at,
    `there is no function "${call.name}"${meant === undefined ? '' : `; did you mean ${meant}?`}`,
  );
}

function checkArity({ name, parameters }: FunctionDefinition, call: Expression & { kind: 'call' }): void {
  const found = call.args.length;
  const least = parameters.findLastIndex((parameter) => !parameter.endsWith('?')) + 1;
  const most = parameters.at(-1)?.includes('…') === true ? Infinity : parameters.length;
  if (found < least || found > most) {
    const range = most === least ? String(least) : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
    const noun = range === '1' ? 'argument' : 'arguments';
    throw new ExpressionProblem(call.at, `${name} takes ${range} ${noun} (${parameters.join(', ')}), found ${found}`);
  }
  const empty = call.args.findIndex((arg, index) => {
    const parameter = parameters[Math.min(index, parameters.length - 1)] ?? '';
    return arg === null && (parameter.includes('…') || !parameter.endsWith('?'));
  });
  if (empty >= 0)
    throw new ExpressionProblem(call.at, `argument ${empty + 1} of ${name} (${parameters.join(', ')}) is empty`);
}

function comparison(operator: Operator, left: Evaluate, right: Evaluate): Evaluate {
  if (operator === '=') return (subject) => equal(left(subject), right(subject));
  if (operator === '<>') return (subject) => !equal(left(subject), right(subject));
  return (subject) => ordered(operator, left(subject), right(subject));
}

/** With case. Nothing equals the empty string, so that `[country] = ""` says what it seems to say. */
function equal(left: Value, right: Value): boolean {
  if (typeof left === 'number' || typeof right === 'number') {
    const [a, b] = [numberOf(left), numberOf(right)];
    if (a !== undefined && b !== undefined) return a === b;
  }
  return (textOf(left) ?? '') === (textOf(right) ?? '');
}

/** By number where both sides are numbers, else by code unit. Nothing is neither less nor greater. */
function ordered(operator: '<' | '<=' | '>' | '>=', left: Value, right: Value): boolean {
  const [a, b] = [textOf(left), textOf(right)];
  if (a === null || b === null) return false;
  const [x, y] = [numberOf(a), numberOf(b)];
  if (x !== undefined && y !== undefined) return compare(operator, x, y);
  if (typeof left === 'number' || typeof right === 'number') {
    throw new EvaluationError(`a value compared with ${operator} is not a number`);
  }
  return compare(operator, a, b);
}

function compare<T extends string | number>(operator: '<' | '<=' | '>' | '>=', a: T, b: T): boolean {
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  return operator === '>' ? a > b : a >= b;
}
