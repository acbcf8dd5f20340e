import type { DirectoryUser } from './directory.ts';
import { compilePattern, LONGEST_TESTED } from './filter-pattern.ts';
import { resolveSource } from './mapping/source-attributes.ts';
import { booleanText, isEmpty, isList, type Value } from './mapping/value.ts';

/** Operators of Entra's scoping filters (Learn: define-conditional-rules-for-provisioning-user-accounts), by what they need. */
export const STATE_OPERATORS = ['is-true', 'is-false', 'is-null', 'is-not-null'] as const;
export const TEXT_OPERATORS = ['equals', 'not-equals', 'regex-match', 'not-regex-match'] as const;
export const NUMBER_OPERATORS = ['greater-than', 'greater-than-or-equals'] as const;

/** One condition on one attribute of a user. */
export type FilterClause = { readonly attribute: string } & (
  | { readonly is: (typeof STATE_OPERATORS)[number] }
  | { readonly is: (typeof TEXT_OPERATORS)[number]; readonly value: string }
  | { readonly is: (typeof NUMBER_OPERATORS)[number]; readonly value: number }
);

/** Lets in whoever meets all its clauses. Of several filters one is enough. */
export interface ScopingFilter {
  readonly name: string;
  readonly clauses: readonly FilterClause[];
}

/** Filters ready for any number of users. */
export interface CompiledFilters {
  /** Directory attributes to be read, by directory name. */
  readonly selects: readonly string[];
  /** Whether a user passes; undefined where that cannot be told, because an attribute was not read. Without filters everybody does. */
  readonly admits: (user: DirectoryUser) => boolean | undefined;
  /** Each filter a user fails by name, with the first clause they fail. */
  readonly failed: (user: DirectoryUser) => readonly string[];
}

type Answer = boolean | undefined;

interface CompiledClause {
  readonly select: string | null;
  readonly holds: (user: DirectoryUser) => Answer;
  readonly text: string;
}

export function compileFilters(filters: readonly ScopingFilter[] = []): CompiledFilters {
  const compiled = filters.map(({ name, clauses }) => ({ name, clauses: clauses.map(compileClause) }));
  const passes = (clauses: readonly CompiledClause[], user: DirectoryUser) =>
    every(clauses, ({ holds }) => holds(user));
  return {
    selects: [...new Set(compiled.flatMap(({ clauses }) => clauses.flatMap(({ select }) => select ?? [])))].sort(),
    admits: (user) => filters.length === 0 || not(every(compiled, ({ clauses }) => not(passes(clauses, user)))),
    failed: (user) =>
      compiled.flatMap(({ name, clauses }) => {
        const clause = clauses.find(({ holds }) => holds(user) === false);
        return clause === undefined ? [] : [`${name} (${clause.text})`];
      }),
  };
}

/** False when one is false, true when all are, and else not known. */
function every<T>(all: readonly T[], test: (one: T) => Answer): Answer {
  let answer: Answer = true;
  for (const one of all) {
    const found = test(one);
    if (found === false) return false;
    if (found === undefined) answer = undefined;
  }
  return answer;
}

function not(answer: Answer): Answer {
  return answer === undefined ? undefined : !answer;
}

function compileClause(clause: FilterClause): CompiledClause {
  const { attribute } = clause;
  const source = resolveSource(attribute);
  const text = `${attribute} ${clause.is.replace(/^is-/, 'is ').replaceAll('-', ' ')}${'value' in clause ? ` ${JSON.stringify(clause.value)}` : ''}`;
  // What the configuration was checked for. A clause that cannot be decided takes nothing from anybody.
  if ('problem' in source) return { select: null, holds: () => undefined, text };
  const { read, select } = source;
  const test = testOf(clause);
  const holds = (user: DirectoryUser): Answer => {
    if (select !== null && user.attributes[select] === undefined) return undefined;
    return test(read({ user, roles: [] }));
  };
  return { select, holds, text };
}

/**
 * No value passes only `is-null`, not even `not-equals`; text is compared with its case (both as on the page). Several
 * values cannot be judged.
 */
function testOf(clause: FilterClause): (value: Value) => Answer {
  switch (clause.is) {
    case 'is-null':
      return isEmpty;
    case 'is-not-null':
      return (value) => !isEmpty(value);
    case 'is-true':
      return onText((text) => text.toLowerCase() === 'true');
    case 'is-false':
      return onText((text) => text.toLowerCase() === 'false');
    case 'equals':
      return onText((text) => text === clause.value);
    case 'not-equals':
      return onText((text) => text !== clause.value);
    case 'regex-match':
      return onText(matches(clause.value));
    case 'not-regex-match': {
      const test = matches(clause.value);
      return onText((text) => not(test(text)));
    }
    case 'greater-than':
      return atLeast(BigInt(clause.value) + 1n);
    case 'greater-than-or-equals':
      return atLeast(BigInt(clause.value));
    default:
      return clause satisfies never;
  }
}

function onText(test: (text: string) => Answer): (value: Value) => Answer {
  return (value) => {
    if (value === null || isEmpty(value)) return false;
    if (isList(value)) return undefined;
    return test(typeof value === 'boolean' ? booleanText(value) : String(value));
  };
}

/** Whole numbers only, as on the page; compared to their last digit, however long an employee's number is. */
function atLeast(least: bigint): (value: Value) => Answer {
  return onText((text) => /^-?\d{1,30}$/.test(text) && BigInt(text) >= least);
}

function matches(pattern: string): (text: string) => Answer {
  const compiled = compilePattern(pattern);
  if ('problem' in compiled) return () => undefined;
  return (text) => (text.length > LONGEST_TESTED ? undefined : compiled.regex.test(text));
}
