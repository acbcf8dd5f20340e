import type { AppRole, DirectoryUser } from '../directory.ts';

/** What an expression evaluates to. */
export type Value = string | number | boolean | null | readonly string[];

/** Whom a mapping is evaluated for. */
export interface MappingSubject {
  readonly user: DirectoryUser;
  /** The application roles the user has through any path, without duplicates. */
  readonly roles: readonly AppRole[];
}

/** A compiled expression or attribute. Pure; throws EvaluationError and nothing else. */
export type Evaluate = (subject: MappingSubject) => Value;

/**
 * An expression has no value for this one user. The message names functions and numbers, never a value of the user;
 * it ends as the `failure` of that user and never leaves the mapping.
 */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}

/** Whether a value is a list. `Array.isArray` alone does not narrow a readonly array. */
export function isList(value: Value): value is readonly string[] {
  return Array.isArray(value);
}

/** Booleans in text are "True" and "False", as everywhere in Entra's expressions. */
export function booleanText(value: boolean): string {
  return value ? 'True' : 'False';
}

/** A value as text; null stays null. Throws EvaluationError for a list of several values. */
export function textOf(value: Value): string | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'boolean') return booleanText(value);
  if (typeof value === 'number') return String(value);
  if (value.length > 1) {
    throw new EvaluationError(`one value is needed, but there are ${value.length}; use Item(…) or Join(…)`);
  }
  return value[0] ?? null;
}

/** Whether a value counts as missing: null, the empty string or a list without values. */
export function isEmpty(value: Value): boolean {
  return value === null || value === '' || (isList(value) && value.length === 0);
}

/** The boolean a condition means: "True", "False", 1, 0 or nothing. Throws EvaluationError for any other text. */
export function truthOf(value: Value): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  const text = textOf(value)?.trim().toLowerCase() ?? '';
  if (text === 'true') return true;
  if (text === 'false' || text === '') return false;
  const number = numberOf(text);
  if (number === undefined) throw new EvaluationError('a condition is neither "True" nor "False"');
  return number !== 0;
}

/** The number a value is or spells in decimal; undefined when it is none. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^\s*[-+]?(?:\d+\.?\d*|\.\d+)\s*$/.test(value)) return undefined;
  return Number(value);
}

/** A whole number, for positions and lengths. Throws EvaluationError when the value is none. */
export function integerOf(value: Value): number {
  const number = numberOf(isList(value) ? textOf(value) : value);
  if (number === undefined || !Number.isFinite(number)) throw new EvaluationError('a whole number is needed');
  return Math.trunc(number);
}
