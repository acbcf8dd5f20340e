import { URN, type Json } from '../scim.ts';
import type { ScimPath } from '../scim-path.ts';
import { parsePath, pathOf } from '../scim-path.ts';
import { attributeShape } from '../scim-schema.ts';
import type { AttributeMapping } from './attribute-mapping.ts';
import type { Convert } from './convert.ts';
import { converterFor } from './convert.ts';
import { compileExpression } from './expression.ts';
import { ExpressionProblem } from './expression-syntax.ts';
import { resolveSource } from './source-attributes.ts';
import { EvaluationError, type MappingSubject } from './value.ts';

/** Something wrong with a mapping, for the operator who wrote it. */
export interface MappingProblem {
  /** Position of the line, or -1 for the mapping as a whole. */
  readonly index: number;
  readonly message: string;
}

/** One line of a mapping with everything decided that can be decided without a user. */
export interface CompiledLine {
  readonly index: number;
  /** The target in canonical case. */
  readonly target: string;
  readonly path: ScimPath;
  readonly match?: number;
  readonly createOnly: boolean;
  readonly clears: boolean;
  /** Already in the target's type; null for none. */
  readonly default: Json;
  /** The value is the user's manager, to be resolved when it is sent. */
  readonly isReference: boolean;
  readonly isConstant: boolean;
  readonly evaluate: (subject: MappingSubject) => Json;
  readonly convert: Convert;
  /** Directory attributes it reads, by directory name. */
  readonly selects: readonly string[];
  /** Source attributes as written, computed ones included. */
  readonly reads: ReadonlySet<string>;
}

type Source = Pick<CompiledLine, 'evaluate' | 'selects' | 'reads' | 'isReference' | 'isConstant'>;

const NOTHING: ReadonlySet<string> = new Set();
const NOT_WRITABLE: ReadonlySet<string> = new Set(['id', 'meta', 'groups', 'schemas', 'members']);

/** Compiles one line, or says what is wrong with it. */
export function compileLine(
  mapping: AttributeMapping,
  index: number,
): { readonly line: CompiledLine } | { readonly problem: string } {
  const parsed = parsePath(mapping.target);
  if ('problem' in parsed) return parsed;
  const source = compileSource(mapping);
  if ('problem' in source) return source;
  const path = source.isReference ? referencePath(parsed.path) : parsed.path;
  const refused = refuseTarget(path, source, mapping);
  if (refused !== undefined) return { problem: refused };
  const convert = converterFor(path);
  const fallback = fitted(mapping.default ?? null, convert);
  if (typeof fallback === 'string') return { problem: `the default does not fit ${path.text}: ${fallback}` };
  const constant = mapping.kind === 'constant' ? fitted(mapping.value, convert) : fallback;
  if (typeof constant === 'string') return { problem: `the constant does not fit ${path.text}: ${constant}` };
  return {
    line: {
      index,
      target: path.text,
      path,
      ...(mapping.match === undefined ? {} : { match: mapping.match }),
      createOnly: mapping.apply === 'create',
      clears: mapping.nulls === 'clear',
      default: fallback.value,
      convert,
      ...source,
    },
  };
}

/** A value given in the mapping itself in the target's type, or why it does not fit. */
function fitted(value: Json, convert: Convert): { readonly value: Json } | string {
  try {
    return { value: convert(value) };
  } catch (error) {
    if (error instanceof EvaluationError) return error.message;
    throw error;
  }
}

function compileSource(mapping: AttributeMapping): Source | { readonly problem: string } {
  const common = { isReference: false, isConstant: false };
  if (mapping.kind === 'expression') return compileExpressionSource(mapping.expression, common);
  if (mapping.kind === 'constant') {
    const { value } = mapping;
    return { ...common, isConstant: true, evaluate: () => value, selects: [], reads: NOTHING };
  }
  if (mapping.source === 'manager') {
    return { ...common, isReference: true, evaluate: () => null, selects: [], reads: new Set(['manager']) };
  }
  const source = resolveSource(mapping.source);
  if ('problem' in source) return source;
  const selects = source.select === null ? [] : [source.select];
  return { ...common, evaluate: source.read, selects, reads: new Set([mapping.source]) };
}

function compileExpressionSource(
  text: string,
  common: { readonly isReference: boolean; readonly isConstant: boolean },
): Source | { readonly problem: string } {
  try {
    const { evaluate, attributes } = compileExpression(text);
    const selects = [...attributes].flatMap((name) => {
      const source = resolveSource(name);
      return 'problem' in source || source.select === null ? [] : [source.select];
    });
    return { ...common, evaluate, selects, reads: attributes };
  } catch (error) {
    if (error instanceof ExpressionProblem) return { problem: `expression, ${error.message}` };
    throw error;
  }
}

/** A reference is written to the attribute, not to its `value`: profiles decide which of both the provider wants. */
function referencePath(path: ScimPath): ScimPath {
  if (path.subAttribute !== 'value' || path.filter !== null) return path;
  return pathOf(path.text.slice(0, -'.value'.length));
}

function refuseTarget(path: ScimPath, source: Source, mapping: AttributeMapping): string | undefined {
  const { text, attribute } = path;
  const shape = attributeShape(path.urn, attribute);
  if (path.urn === null && NOT_WRITABLE.has(attribute))
    return `${attribute} is set by the service provider and cannot be mapped`;
  if (shape?.multiValued === true && path.filter === null && path.subAttribute !== null) {
    return `say which entry: ${attribute}[type eq "work"].${path.subAttribute} instead of ${text}`;
  }
  if (path.filter !== null && path.subAttribute === null) return `say what to set in the entry: ${text}.value`;
  if (source.isReference) return refuseReference(path, mapping);
  if (shape?.type === 'complex' && !shape.multiValued && path.subAttribute === null) {
    const takesValue = shape.subAttributes.has('value');
    if (!takesValue && mapping.kind !== 'constant')
      return `say which part of it to set, such as ${attribute}.formatted`;
  }
  if (path.subAttribute !== null && shape !== undefined && !shape.subAttributes.has(path.subAttribute.toLowerCase())) {
    return `${attribute} has no sub-attribute ${path.subAttribute} (RFC 7643)`;
  }
  if (text === 'password' && mapping.apply !== 'create') {
    return 'a password can never be read back and would be set in every cycle: add apply: create';
  }
  return refuseOptions(text, source, mapping);
}

function refuseReference(path: ScimPath, mapping: AttributeMapping): string | undefined {
  const simple = path.urn === null && attributeShape(null, path.attribute) !== undefined;
  if (simple) return `manager is a reference and belongs to ${URN.enterpriseUser}:manager, not to ${path.text}`;
  if (mapping.match !== undefined) return 'a reference cannot be used for matching';
  return mapping.default === undefined ? undefined : 'a reference takes no default';
}

function refuseOptions(text: string, source: Source, mapping: AttributeMapping): string | undefined {
  const { match } = mapping;
  if (match !== undefined && (!Number.isInteger(match) || match < 1)) return `match counts from 1, found ${match}`;
  if (source.isConstant && (match !== undefined || text === 'userName')) {
    return `${text} would have the same value for every user and cannot tell them apart`;
  }
  if (mapping.nulls === 'clear' && (text === 'userName' || text === 'active' || match !== undefined)) {
    return `${text} must never be cleared: remove nulls: clear`;
  }
  return undefined;
}
