import { ExpressionProblem } from './expression-syntax.ts';
import type { Argument, FunctionDefinition } from './function-definition.ts';
import { argument, constantText, requireAtLeast, textual } from './function-definition.ts';
import { changeCase, characters, properCase, withoutDiacritics, wordsOf } from './text.ts';
import type { Evaluate } from './value.ts';
import { EvaluationError, integerOf, isList, textOf } from './value.ts';

/** Nothing appended to stays nothing: a bare suffix would be the same value for everybody. */
const append: FunctionDefinition = {
  name: 'Append',
  parameters: ['source', 'suffix'],
  build: (args) => {
    const source = argument(args, 0).evaluate;
    const suffix = argument(args, 1).evaluate;
    return (subject) => {
      const text = textOf(source(subject));
      return text === null ? null : text + (textOf(suffix(subject)) ?? '');
    };
  },
};

/** Empty sources leave no separator behind: Microsoft's `Join(", ", "", [surname], [givenName])` gives "Doe, John". */
const join: FunctionDefinition = {
  name: 'Join',
  parameters: ['separator', 'source…'],
  build: (args) => {
    const separator = argument(args, 0).evaluate;
    const sources = args.slice(1).map((_, index) => argument(args, index + 1).evaluate);
    return (subject) => {
      const parts: string[] = [];
      for (const source of sources) {
        const value = source(subject);
        const texts = isList(value) ? value : [textOf(value) ?? ''];
        for (const text of texts) if (text !== '') parts.push(text);
      }
      return parts.join(textOf(separator(subject)) ?? '');
    };
  },
};

const left: FunctionDefinition = {
  name: 'Left',
  parameters: ['String', 'NumChars'],
  build: (args) => {
    const source = argument(args, 0).evaluate;
    const length = argument(args, 1).evaluate;
    return (subject) => {
      const text = textOf(source(subject));
      const count = integerOf(length(subject));
      if (text === null) return '';
      return count < 0 ? text : characters(text, 0, count);
    };
  },
};

const mid: FunctionDefinition = {
  name: 'Mid',
  parameters: ['source', 'start', 'length'],
  build: (args) => {
    const source = argument(args, 0).evaluate;
    requireAtLeast(argument(args, 1), 1, 'start');
    const start = argument(args, 1).evaluate;
    const length = argument(args, 2).evaluate;
    return (subject) => {
      const text = textOf(source(subject)) ?? '';
      const from = Math.max(integerOf(start(subject)), 1) - 1;
      return characters(text, from, from + Math.max(integerOf(length(subject)), 0));
    };
  },
};

const word: FunctionDefinition = {
  name: 'Word',
  parameters: ['String', 'WordNumber', 'delimiters'],
  build: (args) => {
    const source = argument(args, 0).evaluate;
    const position = argument(args, 1).evaluate;
    const delimiters = argument(args, 2).evaluate;
    return (subject) => {
      const text = textOf(source(subject)) ?? '';
      const number = integerOf(position(subject));
      return number < 1 ? '' : (wordsOf(text, textOf(delimiters(subject)) ?? '')[number - 1] ?? '');
    };
  },
};

/** Values are trimmed: Microsoft's example splits "PermissionSetOne, PermissionSetTwo" at the comma alone. */
const split: FunctionDefinition = {
  name: 'Split',
  parameters: ['source', 'delimiter'],
  build: (args, at) => {
    const source = argument(args, 0).evaluate;
    const delimiter = argument(args, 1).evaluate;
    if (constantText(args[1]) === '') throw new ExpressionProblem(at, 'Split needs a delimiter, found an empty string');
    return (subject) => {
      const text = textOf(source(subject));
      if (text === null) return null;
      const apart = textOf(delimiter(subject)) ?? '';
      if (apart === '') throw new EvaluationError('the delimiter of Split is empty');
      return text
        .split(apart)
        .map((part) => part.trim())
        .filter((part) => part !== '');
    };
  },
};

function cased(
  name: 'ToLower' | 'ToUpper',
  plain: (text: string) => string,
  cultural: (text: string, culture: string) => string,
): FunctionDefinition {
  return {
    name,
    parameters: ['source', 'culture?'],
    build: (args) => {
      const source = argument(args, 0).evaluate;
      const culture = cultureOf(name, args[1]);
      const convert = culture === undefined ? plain : (text: string) => cultural(text, culture);
      return (subject) => {
        const text = textOf(source(subject));
        return text === null ? null : changeCase(text, convert);
      };
    },
  };
}

function cultureOf(name: string, given: Argument | undefined): string | undefined {
  if (given === undefined) return undefined;
  const culture = constantText(given);
  if (culture === '') return undefined;
  try {
    const [known] = culture === undefined ? [] : Intl.getCanonicalLocales(culture);
    if (known !== undefined) return known;
  } catch {
    // Not a language tag: reported below with its place.
  }
  throw new ExpressionProblem(given.syntax.at, `the culture of ${name} must be a constant such as "en-US" or "tr-TR"`);
}

const inStr: FunctionDefinition = {
  name: 'InStr',
  parameters: ['value1', 'value2', 'start?', 'compareType?'],
  raw: [3],
  build: (args) => {
    const source = argument(args, 0).evaluate;
    const wanted = argument(args, 1).evaluate;
    const start: Evaluate = args[2]?.evaluate ?? (() => 1);
    const syntax = args[3]?.syntax;
    const word = syntax?.kind === 'word' ? syntax.name : 'vbBinaryCompare';
    if (syntax !== undefined && (syntax.kind !== 'word' || !/^vb(?:Text|Binary)Compare$/.test(word))) {
      throw new ExpressionProblem(syntax.at, 'compareType must be vbTextCompare or vbBinaryCompare');
    }
    const fold = (text: string) => (word === 'vbTextCompare' ? text.toLowerCase() : text);
    return (subject) => {
      const text = fold(textOf(source(subject)) ?? '');
      const part = fold(textOf(wanted(subject)) ?? '');
      return text.indexOf(part, Math.max(integerOf(start(subject)), 1) - 1) + 1;
    };
  },
};

const pCase: FunctionDefinition = {
  name: 'PCase',
  parameters: ['source', 'wordSeparators?'],
  build: (args) => {
    const source = argument(args, 0).evaluate;
    const separators = args[1]?.evaluate;
    return (subject) => {
      const text = textOf(source(subject));
      if (text === null) return null;
      return properCase(text, separators === undefined ? undefined : (textOf(separators(subject)) ?? ''));
    };
  },
};

/** Functions from text to text. */
export const TEXT_FUNCTIONS: readonly FunctionDefinition[] = [
  append,
  join,
  left,
  mid,
  word,
  split,
  inStr,
  pCase,
  textual('NormalizeDiacritics', withoutDiacritics),
  textual('StripSpaces', (text) => text.replaceAll(' ', '')),
  cased(
    'ToLower',
    (text) => text.toLowerCase(),
    (text, culture) => text.toLocaleLowerCase(culture),
  ),
  cased(
    'ToUpper',
    (text) => text.toUpperCase(),
    (text, culture) => text.toLocaleUpperCase(culture),
  ),
];
