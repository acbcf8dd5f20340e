import { compilePattern } from '../core/filter-pattern.ts';
import { isKnownSource, resolveSource, sourceNames } from '../core/mapping/source-attributes.ts';
import { NUMBER_OPERATORS, STATE_OPERATORS, TEXT_OPERATORS, type FilterClause } from '../core/scoping-filter.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import type { PlainSettings } from './source-document.ts';

/** A clause as the schema accepts it; whether its parts fit each other is checked apart, so that the message is plain. */
interface WrittenClause {
  readonly attribute: string;
  readonly is: FilterClause['is'];
  readonly value?: string | number | boolean | undefined;
}

interface ClauseRemark {
  /** The key it is about, absent where one is missing. */
  readonly key?: 'attribute' | 'value';
  readonly message: string;
  readonly severity: 'problem' | 'warning';
}

const SEVERAL: ReadonlySet<string> = new Set(['businessPhones', 'imAddresses', 'otherMails', 'proxyAddresses']);
const NOT_FILTERED_BY: ReadonlySet<string> = new Set(['manager', 'appRoleAssignments', 'IsSoftDeleted']);

/** What is wrong, or odd, about a clause, as far as it has the right form. */
export function clauseRemarks({ attribute, is, value }: PlainSettings): readonly ClauseRemark[] {
  const about = typeof attribute === 'string' && attribute !== '' ? [attributeRemark(attribute)] : [];
  const fits = typeof is === 'string' ? [valueProblem(is, value)] : [];
  return [...about, ...fits].filter((remark) => remark !== undefined);
}

function attributeRemark(attribute: string): ClauseRemark | undefined {
  const key = 'attribute';
  const problem = (message: string): ClauseRemark => ({ key, message, severity: 'problem' });
  if (NOT_FILTERED_BY.has(attribute)) return problem(`${attribute} cannot be filtered by`);
  if (SEVERAL.has(attribute)) return problem(`${attribute} has several values; filter by an attribute that has one`);
  const source = resolveSource(attribute);
  if ('problem' in source) return problem(source.problem);
  if (source.select === null || isKnownSource(source.select)) return undefined;
  const meant = didYouMean(attribute, sourceNames());
  const message = `Microsoft Graph has no user attribute "${attribute}" that Headgate knows of${meant}; where it has no value nobody passes`;
  return { key, message, severity: 'warning' };
}

function among<T extends string>(words: readonly T[], word: string): word is T {
  return words.some((one) => one === word);
}

function valueProblem(is: string, value: unknown): ClauseRemark | undefined {
  const key = 'value';
  const problem = (message: string): ClauseRemark => ({
    ...(value === undefined ? {} : { key }),
    message,
    severity: 'problem',
  });
  if (among(STATE_OPERATORS, is)) return value === undefined ? undefined : problem(`${is} takes no value: take it out`);
  if (among(NUMBER_OPERATORS, is)) {
    if (value === undefined) return problem(`${is} needs a value, a whole number`);
    return wholeNumberOf(value) === undefined ? problem('must be a whole number such as 1000') : undefined;
  }
  if (!among(TEXT_OPERATORS, is)) return undefined;
  if (value === undefined) return problem(`${is} needs a value, the text to compare with`);
  if (typeof value === 'number' || typeof value === 'boolean')
    return problem(`put it in quotes: ${is} compares text, and 007 or yes would be read as something else`);
  if (typeof value !== 'string') return undefined;
  if (value === '') return problem(`must not be empty; for users without a value write is: is-null`);
  if (is === 'equals' || is === 'not-equals') return undefined;
  const compiled = compilePattern(value);
  return 'problem' in compiled ? problem(compiled.problem) : undefined;
}

/** A whole number, possibly substituted from the environment and so still text. */
function wholeNumberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) ? Number(number) : undefined;
}

/** A clause as core wants it. The checks made sure that it has the value its operator needs, and no other. */
export function toClause({ attribute, is, value }: WrittenClause): FilterClause {
  if (among(STATE_OPERATORS, is)) return { attribute, is };
  if (among(NUMBER_OPERATORS, is)) return { attribute, is, value: wholeNumberOf(value) ?? 0 };
  return { attribute, is, value: String(value) };
}
