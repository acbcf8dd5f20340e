import type { z } from 'zod';
import type { ConfigProblem } from '../core/errors.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { valueAt } from './source-document.ts';
import type { SettingPath, SourceDocument } from './source-document.ts';

type Issue = z.core.$ZodIssue;

/** Every issue of the schema as a problem with its place in the file and a message for operators. */
export function describeIssues(issues: readonly Issue[], source: SourceDocument): ConfigProblem[] {
  return issues.flatMap((issue) => describeIssue(issue, source, []));
}

function describeIssue(issue: Issue, source: SourceDocument, base: SettingPath): ConfigProblem[] {
  const path = [...base, ...issue.path.map((key) => (typeof key === 'number' ? key : String(key)))];
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n');
    return issue.keys.map((key, index) => source.problemAt([...path, key], messages[index] ?? 'unknown key', 'key'));
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) return describeUnion(issue, source, path);
  const found = valueAt(source.root, path);
  if (found === undefined) return [source.problemAt(path, missing(source.variablesOf(path)))];
  return [source.problemAt(path, messageOf(issue, found, source.variablesOf(path)))];
}

/** Reports the one alternative the operator was evidently writing, else that none fits. */
function describeUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  source: SourceDocument,
  path: SettingPath,
): ConfigProblem[] {
  const meant = issue.errors.filter((errors) =>
    errors.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys' || inner.code === 'too_small'),
  );
  const [only] = meant;
  if (only !== undefined && meant.length === 1) return only.flatMap((inner) => describeIssue(inner, source, path));
  // Of several short words one was meant, though a group of settings would have done too.
  const [word] = issue.errors.flatMap((errors) =>
    errors.filter((inner) => inner.code === 'invalid_value' && inner.values.length > 1 && inner.path.length === 0),
  );
  if (word !== undefined) return describeIssue(word, source, path);
  const last = path.at(-1);
  const wanted =
    last === 'mapping'
      ? 'default, a list of attribute lines, or { extends: default, attributes: […] }'
      : 'text, a number, true or false';
  return [source.problemAt(path, `must be ${wanted}; found ${kindOf(valueAt(source.root, path))}`)];
}

function missing(variables: readonly string[]): string {
  return variables.length === 0
    ? 'is required'
    : `is required, but environment variable ${variables.join(', ')} is empty`;
}

function messageOf(issue: Issue, found: unknown, variables: readonly string[]): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${article(issue.expected)}, found ${kindOf(found)}`;
    case 'invalid_value':
      return oneOf(issue.values.map(String), found, variables);
    case 'invalid_union':
      return oneOf(optionsOf(issue), found, variables);
    case 'too_big':
      return `must be at most ${String(issue.maximum)}, found ${typeof found === 'number' ? found : kindOf(found)}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array'
        ? issue.message
        : `must be at least ${String(issue.minimum)}, found ${typeof found === 'number' ? found : kindOf(found)}`;
    case 'invalid_format':
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return issue.message;
    default:
      return issue satisfies never;
  }
}

function optionsOf(issue: Extract<Issue, { code: 'invalid_union' }>): readonly string[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

function oneOf(options: readonly string[], found: unknown, variables: readonly string[]): string {
  const wanted = `must be ${options.length === 1 ? '' : 'one of '}${options.join(', ')}`;
  // What a variable holds may be a secret that got into the wrong place.
  if (variables.length > 0) return `${wanted}; ${variables.join(', ')} holds something else`;
  if (typeof found !== 'string') return `${wanted}; found ${kindOf(found)}`;
  return `${wanted}; found "${found}"${didYouMean(found, options)}`;
}

const WANTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a group of settings',
};

function article(expected: string): string {
  return WANTED[expected] ?? expected;
}

/** What kind of value it is; never the value, which may be a secret put in the wrong place. */
function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? 'text' : 'a group of settings';
}
