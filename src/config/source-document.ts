import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, Node, Scalar } from 'yaml';
import type { ConfigProblem } from '../core/errors.ts';
import { interpolate } from './interpolate.ts';
import type { Environment } from './interpolate.ts';

/** Place of a setting: keys and list positions from the top of the file. */
export type SettingPath = readonly (string | number)[];

/** A mapping of plain data, of any keys. */
export type PlainSettings = Readonly<Record<string, unknown>>;

export function isSettings(value: unknown): value is PlainSettings {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** The value at a path of plain data; undefined when there is none. */
export function valueAt(root: unknown, path: SettingPath): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof key === 'number') return Array.isArray(value) ? (value[key] as unknown) : undefined;
    return isSettings(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }, root);
}

/** A configuration file after parsing and substitution, still knowing where everything stands. */
export interface SourceDocument {
  /** Plain values; keys set to nothing are left out. */
  readonly root: unknown;
  /** The same with keys set to nothing as undefined: whether such a key is known is to be seen. */
  readonly written: unknown;
  /** Whether it is no valid YAML, so that settings may be missing or in a wrong place. */
  readonly broken: boolean;
  readonly problems: readonly ConfigProblem[];
  /** A problem at a setting: at its key (`key`), or at its value; at the nearest place that exists when it is missing. */
  problemAt(path: SettingPath, message: string, where?: 'key' | 'value'): ConfigProblem;
  /** Names of the environment variables the setting was made from; empty when it was written out. */
  variablesOf(path: SettingPath): readonly string[];
}

/** `connections[0].provider.url`, the form paths have in messages. */
export function showPath(path: SettingPath): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  );
}

/**
 * Parses YAML 1.2 (core schema) and substitutes environment variables in scalar values, never in keys and never in the
 * text, so that a value cannot change the document's structure. A substituted value stays a string; the schema turns it
 * into a number or boolean where one is wanted, so that a token of digits stays a token. Of what is no valid YAML `root` is
 * undefined, or with `salvage` whatever could be read.
 */
export function readSource(text: string, env: Environment, invalid: 'refuse' | 'salvage' = 'refuse'): SourceDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core', prettyErrors: false });
  const broken = [...document.errors, ...document.warnings];
  const variables = new Map<Scalar, readonly string[]>();
  const problems: ConfigProblem[] = broken.map((error) => ({
    path: '',
    message: `not valid YAML: ${error.code === 'MULTIPLE_DOCS' ? 'the file holds several documents; keep one, without a line of ---' : error.message}`,
    ...position(lines, error.pos[0]),
  }));
  const readable = broken.length === 0 || invalid === 'salvage';
  if (readable) problems.push(...substitute(document, lines, env, variables));

  const written = readable ? toPlain(document, problems) : undefined;
  return {
    root: withoutUnset(written),
    written,
    broken: broken.length > 0,
    problems,
    problemAt(path, message, where = 'value') {
      return { path: showPath(path), message, ...position(lines, offsetOf(document, path, where)) };
    },
    variablesOf(path) {
      const node = nodeAt(document, path);
      return isScalar(node) ? (variables.get(node) ?? []) : [];
    },
  };
}

function position(lines: LineCounter, offset: number | undefined): { line?: number; column?: number } {
  if (offset === undefined) return {};
  const { line, col } = lines.linePos(offset);
  return line === 0 ? {} : { line, column: col };
}

function substitute(
  document: Document,
  lines: LineCounter,
  env: Environment,
  variables: Map<Scalar, readonly string[]>,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  visit(document, {
    Scalar(key, node, parents) {
      if (key === 'key' || typeof node.value !== 'string') return;
      const result = interpolate(node.value, env);
      for (const message of result.problems) {
        problems.push({ path: showPath(pathOf(node, key, parents)), message, ...position(lines, node.range?.[0]) });
      }
      if (result.variables.length > 0) variables.set(node, result.variables);
      // `url: "${REDIS_URL:-}"` with nothing to put in means the key is not set (the specification's null).
      node.value = result.variables.length > 0 && result.value === '' ? null : result.value;
    },
  });
  return problems;
}

/** The path of a visited scalar, from the parents the visitor hands in. */
function pathOf(node: Scalar, key: unknown, parents: readonly unknown[]): SettingPath {
  const path: (string | number)[] = [];
  const chain = [...parents, node];
  for (const [index, parent] of chain.entries()) {
    if (isSeq(parent)) {
      const position = parent.items.indexOf(chain[index + 1]);
      if (position >= 0) path.push(position);
    } else if (isMap(parent)) {
      const pair = parent.items.find((candidate) => candidate === chain[index + 1]);
      if (pair !== undefined && isScalar(pair.key)) path.push(String(pair.key.value));
    }
  }
  return path.length === 0 && typeof key === 'number' ? [key] : path;
}

function toPlain(document: Document, problems: ConfigProblem[]): unknown {
  try {
    return nullsUnset(document.toJS() as unknown, []);
  } catch (error) {
    // Aliases that refer to themselves, or that would blow up in memory; the library tells no position.
    problems.push({ path: '', message: `not valid YAML: ${error instanceof Error ? error.message : String(error)}` });
    return undefined;
  }
}

/** A copy with undefined for keys set to nothing. Throws when a value contains itself. */
function nullsUnset(value: unknown, above: readonly unknown[]): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (above.includes(value)) throw new Error('an alias refers to a value it is part of');
  const inside = [...above, value];
  if (Array.isArray(value)) return value.map((inner: unknown) => nullsUnset(inner, inside));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, inner === null ? undefined : nullsUnset(inner, inside)]),
  );
}

/** A copy without keys that are undefined. */
function withoutUnset(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUnset);
  if (!isSettings(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, withoutUnset(inner)]),
  );
}

function resolved(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function step(document: Document, node: unknown, key: string | number): { key?: Node; value: unknown } | undefined {
  const parent = resolved(document, node);
  if (isSeq(parent) && typeof key === 'number') {
    return key < parent.items.length ? { value: parent.items[key] } : undefined;
  }
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find((candidate) => isScalar(candidate.key) && String(candidate.key.value) === String(key));
  return pair === undefined || !isScalar(pair.key) ? undefined : { key: pair.key, value: pair.value };
}

function nodeAt(document: Document, path: SettingPath): unknown {
  let node: unknown = document.contents;
  for (const key of path) node = step(document, node, key)?.value;
  return resolved(document, node);
}

function startOf(node: unknown): number | undefined {
  return node !== null && typeof node === 'object' && 'range' in node && Array.isArray(node.range)
    ? Number(node.range[0])
    : undefined;
}

/** Offset of the setting in the text; of its nearest existing parent when it is missing. */
function offsetOf(document: Document, path: SettingPath, where: 'key' | 'value'): number | undefined {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const [index, key] of path.entries()) {
    const next = step(document, node, key);
    if (next === undefined) return offset;
    const atKey = startOf(next.key);
    const atValue = startOf(next.value);
    offset = index === path.length - 1 && where === 'key' ? (atKey ?? atValue) : (atValue ?? atKey);
    // A missing child is reported at the key of the mapping it is missing from, which is what a reader looks for.
    if (index < path.length - 1 && step(document, next.value, path[index + 1] ?? '') === undefined)
      return atKey ?? atValue;
    node = next.value;
  }
  return offset;
}
