import { parser } from '@prometheus-io/lezer-promql';
import type { Sample } from '../adapters/prometheus/builders.ts';

/** One condition on a label of a selector. */
export interface Matcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** A metric and the conditions on its labels, as an expression asks for it. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

export interface Query {
  readonly selectors: readonly Selector[];
  /** Labels named in by, without, on, ignoring, group_left and group_right. */
  readonly labels: readonly string[];
}

/** Reads an expression with Prometheus' own grammar. Throws when it is not PromQL. */
export function parsePromql(expression: string): Query {
  const selectors: { metric: string; matchers: Matcher[] }[] = [];
  const labels: string[] = [];
  parser.parse(expression).iterate({
    enter(node) {
      const text = expression.slice(node.from, node.to);
      if (node.type.isError) throw new Error(`no PromQL at character ${node.from}: ${expression}`);
      if (node.name === 'VectorSelector') selectors.push({ metric: '', matchers: [] });
      const selector = selectors.at(-1);
      if (node.name === 'Identifier' && selector !== undefined) selector.metric = text;
      if (node.name === 'UnquotedLabelMatcher') selector?.matchers.push(parseMatcher(text));
      if (node.name === 'LabelName' && node.matchContext(['GroupingLabels'])) labels.push(text);
    },
  });
  if (selectors.length === 0) throw new Error(`asks for no metric: ${expression}`);
  return { selectors, labels };
}

function parseMatcher(text: string): Matcher {
  const [, label, operator, value] = /^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$/.exec(text) ?? [];
  if (label === undefined || value === undefined) throw new Error(`no matcher: ${text}`);
  if (operator !== '=' && operator !== '!=' && operator !== '=~' && operator !== '!~') throw new Error(text);
  return { label, operator, value };
}

/** Whether a series is what the selector asks for. Regular expressions are anchored, as Prometheus does. */
export function selects({ metric, matchers }: Selector, { name, labels }: Sample): boolean {
  return name === metric && matchers.every((matcher) => agrees(matcher, labels[matcher.label] ?? ''));
}

function agrees({ operator, value }: Matcher, actual: string): boolean {
  switch (operator) {
    case '=':
      return actual === value;
    case '!=':
      return actual !== value;
    case '=~':
      return new RegExp(`^(?:${value})$`).test(actual);
    case '!~':
      return !new RegExp(`^(?:${value})$`).test(actual);
    default:
      return operator satisfies never;
  }
}
