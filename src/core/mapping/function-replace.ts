import { ExpressionProblem } from './expression-syntax.ts';
import type { Argument, FunctionDefinition } from './function-definition.ts';
import { argument, constantText } from './function-definition.ts';
import type { Evaluate } from './value.ts';
import { textOf } from './value.ts';

const COMBINATIONS =
  'oldValue with replacementValue, oldValue with template, regexPattern with replacementValue, or regexPattern and ' +
  'regexGroupName with replacementValue or replacementAttributeName';

/**
 * `Replace` with its five meanings, told apart by which arguments are there
 * (Learn: functions-for-customizing-application-data, Replace). Patterns are compiled once, with the mapping.
 */
export const REPLACE: FunctionDefinition = {
  name: 'Replace',
  parameters: [
    'source',
    'oldValue?',
    'regexPattern?',
    'regexGroupName?',
    'replacementValue?',
    'replacementAttributeName?',
    'template?',
  ],
  build: (args, at) => {
    const [, oldValue, pattern, group, replacement, fallback, template] = args;
    const source = argument(args, 0).evaluate;
    if (oldValue !== undefined && pattern === undefined && group === undefined && fallback === undefined) {
      if (constantText(oldValue) === '')
        throw new ExpressionProblem(oldValue.syntax.at, 'oldValue of Replace is empty');
      if (template !== undefined && replacement === undefined) {
        return fillTemplate(template.evaluate, oldValue.evaluate, source);
      }
      if (replacement !== undefined && template === undefined) {
        return replaceText(source, oldValue.evaluate, replacement.evaluate);
      }
    }
    if (oldValue === undefined && pattern !== undefined && template === undefined) {
      const regex = compilePattern(pattern);
      const name = group === undefined ? undefined : groupName(group, regex);
      if (replacement !== undefined && fallback === undefined) {
        return name === undefined
          ? replaceMatches(source, regex, replacement)
          : replaceGroup(source, regex, name, replacement.evaluate);
      }
      if (replacement === undefined && fallback !== undefined && name !== undefined) {
        return extractWhenMissing(source, regex, name, fallback.evaluate);
      }
    }
    throw new ExpressionProblem(at, `Replace takes ${COMBINATIONS}`);
  },
};

function replaceText(source: Evaluate, oldValue: Evaluate, replacement: Evaluate): Evaluate {
  return (subject) => {
    const text = textOf(source(subject));
    const old = textOf(oldValue(subject)) ?? '';
    if (text === null || old === '') return text;
    return text.split(old).join(textOf(replacement(subject)) ?? '');
  };
}

function fillTemplate(template: Evaluate, oldValue: Evaluate, source: Evaluate): Evaluate {
  const filled = replaceText(template, oldValue, source);
  return (subject) => (textOf(source(subject)) === null ? null : filled(subject));
}

function replaceMatches(source: Evaluate, regex: RegExp, replacement: Argument): Evaluate {
  const constant = constantText(replacement);
  const prepared = constant === undefined ? undefined : substitution(constant);
  return (subject) => {
    const text = textOf(source(subject));
    if (text === null) return null;
    return text.replace(regex, prepared ?? substitution(textOf(replacement.evaluate(subject)) ?? ''));
  };
}

function replaceGroup(source: Evaluate, regex: RegExp, name: string, replacement: Evaluate): Evaluate {
  const located = new RegExp(regex.source, `${regex.flags}d`);
  return (subject) => {
    const text = textOf(source(subject));
    if (text === null) return null;
    const value = textOf(replacement(subject)) ?? '';
    let result = '';
    let copied = 0;
    for (const match of text.matchAll(located)) {
      const span = match.indices?.groups?.[name];
      if (span === undefined) continue;
      result += text.slice(copied, span[0]) + value;
      copied = span[1];
    }
    return result + text.slice(copied);
  };
}

function extractWhenMissing(source: Evaluate, regex: RegExp, name: string, fallback: Evaluate): Evaluate {
  return (subject) => {
    const text = textOf(source(subject));
    if (text !== null && text !== '') return text;
    const other = textOf(fallback(subject));
    if (other === null) return null;
    for (const match of other.matchAll(regex)) return match.groups?.[name] ?? null;
    return null;
  };
}

/**
 * A .NET pattern as a JavaScript one. Named groups are written alike; leading inline flags are moved out. Unicode mode
 * first, so that one character is one character; without it where the pattern uses escapes only the older mode knows.
 */
function compilePattern(given: Argument): RegExp {
  const text = constantText(given);
  if (text === undefined) throw new ExpressionProblem(given.syntax.at, 'regexPattern must be a constant string');
  const inline = /^\(\?([ims]+)\)/.exec(text);
  const pattern = inline === null ? text : text.slice(inline[0].length);
  const flags = [...new Set(`g${inline?.[1] ?? ''}`)].join('');
  for (const mode of ['u', '']) {
    try {
      return new RegExp(pattern, flags + mode);
    } catch (error) {
      if (mode === '') {
        const reason = error instanceof Error ? error.message : String(error);
        throw new ExpressionProblem(given.syntax.at, `regexPattern cannot be used: ${reason}`);
      }
    }
  }
  throw new ExpressionProblem(given.syntax.at, 'regexPattern cannot be used');
}

function groupName(given: Argument, regex: RegExp): string {
  const name = constantText(given);
  if (name === undefined) throw new ExpressionProblem(given.syntax.at, 'regexGroupName must be a constant string');
  if (!regex.source.includes(`(?<${name}>`)) {
    throw new ExpressionProblem(given.syntax.at, `regexPattern has no group (?<${name}>…)`);
  }
  return name;
}

/** A .NET substitution as a JavaScript one: `${name}` is `$<name>`, `${1}` is `$1`, `$0` is `$&`. */
function substitution(text: string): string {
  return text.replace(/\$(?:\$|\{(\w+)\}|0(?!\d))/g, (found: string, name: string | undefined) => {
    if (name === undefined) return found === '$$' ? found : '$&';
    return /^\d+$/.test(name) ? `$${name}` : `$<${name}>`;
  });
}
