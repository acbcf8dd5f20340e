import { ExpressionProblem } from './expression-syntax.ts';
import type { FunctionDefinition } from './function-definition.ts';
import { argument, requireAtLeast, unary } from './function-definition.ts';
import { EvaluationError, integerOf, isEmpty, isList, textOf, truthOf } from './value.ts';

/** Both branches are lazy: what is not chosen cannot fail. */
const iif: FunctionDefinition = {
  name: 'IIF',
  parameters: ['condition', 'valueIfTrue', 'valueIfFalse'],
  build: (args) => {
    const condition = argument(args, 0).evaluate;
    const whenTrue = argument(args, 1).evaluate;
    const whenFalse = argument(args, 2).evaluate;
    return (subject) => (truthOf(condition(subject)) ? whenTrue(subject) : whenFalse(subject));
  },
};

/** Keys are compared with case. An empty or missing source equals the key "" (the page's caution on IsNullOrEmpty). */
const switchFunction: FunctionDefinition = {
  name: 'Switch',
  parameters: ['source', 'defaultValue?', 'key', 'value', 'keyOrValue…?'],
  build: (args, at) => {
    if (args.length % 2 !== 0) {
      throw new ExpressionProblem(
        at,
        `Switch takes a source, a default and pairs of key and value: an even number of arguments, found ${args.length}`,
      );
    }
    const source = argument(args, 0).evaluate;
    const otherwise = argument(args, 1).evaluate;
    const pairs = Array.from({ length: args.length / 2 - 1 }, (_, index) => ({
      key: argument(args, 2 * index + 2).evaluate,
      value: argument(args, 2 * index + 3).evaluate,
    }));
    return (subject) => {
      const text = textOf(source(subject)) ?? '';
      for (const { key, value } of pairs) if ((textOf(key(subject)) ?? '') === text) return value(subject);
      return otherwise(subject);
    };
  },
};

/** Only null is passed over; an empty string is a value. */
const coalesce: FunctionDefinition = {
  name: 'Coalesce',
  parameters: ['source…'],
  build: (args) => {
    const sources = args.map((_, index) => argument(args, index).evaluate);
    return (subject) => {
      for (const source of sources) {
        const value = source(subject);
        if (value !== null && !(isList(value) && value.length === 0)) return value;
      }
      return null;
    };
  },
};

/** Counts from 1. Beyond the last value there is nothing. */
const item: FunctionDefinition = {
  name: 'Item',
  parameters: ['attribute', 'index'],
  build: (args) => {
    const source = argument(args, 0).evaluate;
    requireAtLeast(argument(args, 1), 1, 'index');
    const index = argument(args, 1).evaluate;
    return (subject) => {
      const value = source(subject);
      const list = isList(value) ? value : value === null ? [] : [textOf(value) ?? ''];
      return list[integerOf(index(subject)) - 1] ?? null;
    };
  },
};

/**
 * The value of the user's only role, or its display name where the role has no value. Like Entra it fails for a user
 * with several roles: picking one would give or take rights by accident.
 */
const singleAppRoleAssignment: FunctionDefinition = {
  name: 'SingleAppRoleAssignment',
  parameters: ['[appRoleAssignments]'],
  raw: [0],
  build: (args, at) => {
    const { syntax } = argument(args, 0);
    if (syntax.kind !== 'attribute' || syntax.name !== 'appRoleAssignments') {
      throw new ExpressionProblem(at, 'SingleAppRoleAssignment takes exactly [appRoleAssignments]');
    }
    return ({ roles }) => {
      const granted = roles.filter((role) => role.enabled);
      const [only] = granted;
      if (granted.length > 1) {
        throw new EvaluationError(
          `SingleAppRoleAssignment needs one application role, but the user has ${granted.length}; leave one of them`,
        );
      }
      if (only === undefined) return null;
      return only.value === null || only.value === '' ? only.displayName : only.value;
    };
  },
};

/** Functions that choose, test and convert. */
export const LOGIC_FUNCTIONS: readonly FunctionDefinition[] = [
  iif,
  switchFunction,
  coalesce,
  item,
  singleAppRoleAssignment,
  // Anything that is not "True" becomes True, so that a missing IsSoftDeleted can never deactivate.
  unary('Not', 'source', (value) => textOf(value)?.trim().toLowerCase() !== 'true'),
  unary('IsPresent', 'Expression', (value) => !isEmpty(value)),
  unary('IsNullOrEmpty', 'Expression', isEmpty),
  unary('IsNull', 'Expression', (value) => value === null || (isList(value) && value.length === 0)),
  unary('IsString', 'Expression', (value) => typeof value === 'string'),
  unary('CBool', 'Expression', truthOf),
  unary('CStr', 'value', textOf),
  unary('Count', 'attribute', (value) => (isList(value) ? value.length : value === null ? 0 : 1)),
  unary('RemoveDuplicates', 'attribute', (value) => (isList(value) ? [...new Set(value)] : value)),
];
