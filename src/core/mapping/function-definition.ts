import type { Expression } from './expression-syntax.ts';
import { ExpressionProblem } from './expression-syntax.ts';
import type { Evaluate, Value } from './value.ts';
import { textOf } from './value.ts';

/** One argument of a call: its syntax, for what must be known before any user is, and its compiled form. */
export interface Argument {
  readonly syntax: Expression;
  readonly evaluate: Evaluate;
}

/**
 * A function of the expression language. `parameters` are named as on Microsoft's page: `name?` may be left out or
 * empty, a last `name…` may be repeated. `build` runs once per call in a mapping, with arguments already checked
 * against the parameters; it throws ExpressionProblem for what it can tell is wrong.
 */
export interface FunctionDefinition {
  readonly name: string;
  readonly parameters: readonly string[];
  /** Positions of arguments that are looked at as they are written, not evaluated. */
  readonly raw?: readonly number[];
  readonly build: (args: readonly (Argument | undefined)[], at: number) => Evaluate;
}

const NOTHING: Argument = { syntax: { kind: 'text', value: '', at: 0 }, evaluate: () => null };

/** An argument that the parameter list already guarantees, or one that evaluates to null where it was left empty. */
export function argument(args: readonly (Argument | undefined)[], index: number): Argument {
  return args[index] ?? NOTHING;
}

/** The argument when it is a string constant, else undefined. */
export function constantText(given: Argument | undefined): string | undefined {
  return given?.syntax.kind === 'text' ? given.syntax.value : undefined;
}

/** Refuses a number constant below `least`, which could only be a slip of the pen. */
export function requireAtLeast(given: Argument, least: number, what: string): void {
  const { syntax } = given;
  if (syntax.kind === 'number' && syntax.value < least) {
    throw new ExpressionProblem(syntax.at, `${what} counts from ${least}, found ${syntax.value}`);
  }
}

/** A function of one value. */
export function unary(name: string, parameter: string, apply: (value: Value) => Value): FunctionDefinition {
  return {
    name,
    parameters: [parameter],
    build: (args) => {
      const { evaluate } = argument(args, 0);
      return (subject) => apply(evaluate(subject));
    },
  };
}

/** A function from text to a value, to which nothing stays nothing. */
export function textual(name: string, apply: (text: string) => Value): FunctionDefinition {
  return unary(name, 'source', (value) => {
    const text = textOf(value);
    return text === null ? null : apply(text);
  });
}
