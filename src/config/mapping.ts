import type { AttributeMapping } from '../core/mapping/attribute-mapping.ts';
import { compileMapping, type MappingProblem } from '../core/mapping/compile-mapping.ts';
import { DEFAULT_MAPPING } from '../core/mapping/default-mapping.ts';
import { unknownNames } from '../core/mapping/unknown-names.ts';
import type { ConfigProblem } from '../core/errors.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { mappingSchema, type AttributeLine, type FileSettings } from './schema.ts';
import type { SettingPath, SourceDocument } from './source-document.ts';

type MappingSetting = FileSettings['connections'][number]['mapping'];

/** A mapping made of lines that each know where they were written; lines of the default mapping stand at the key. */
interface PlacedMapping {
  readonly lines: readonly { readonly mapping: AttributeMapping; readonly path: SettingPath }[];
  readonly problems: readonly ConfigProblem[];
}

/** An attribute mapping with what is wrong, and what is odd, about it. */
export interface ReadMapping {
  readonly mapping: readonly AttributeMapping[];
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Reads the mapping at `path` from the plain data: what is wrong with it is told whatever else is wrong with the file.
 * Undefined when it has not the form of a mapping, which the schema reports.
 */
export function readMappingAt(given: unknown, path: SettingPath, source: SourceDocument): ReadMapping | undefined {
  const parsed = mappingSchema.safeParse(given ?? 'default');
  return parsed.success ? readMapping(parsed.data, path, source) : undefined;
}

/** The attribute mapping a connection asks for, compiled once to report what is wrong with each line at its place. */
function readMapping(setting: MappingSetting, path: SettingPath, source: SourceDocument): ReadMapping {
  const placed = placeLines(setting, path, source);
  const mapping = placed.lines.map((line) => line.mapping);
  const compiled = compileMapping(mapping);
  const problems = 'problems' in compiled ? compiled.problems : [];
  const oddities = 'problems' in compiled ? [] : unknownNames(compiled.mapping);
  const at = ({ index, message }: MappingProblem) => source.problemAt(placed.lines[index]?.path ?? path, message);
  return { mapping, problems: [...placed.problems, ...problems.map(at)], warnings: oddities.map(at) };
}

function placeLines(setting: MappingSetting, path: SettingPath, source: SourceDocument): PlacedMapping {
  if (setting === 'default') return { lines: DEFAULT_MAPPING.map((mapping) => ({ mapping, path })), problems: [] };
  if (Array.isArray(setting)) {
    return {
      lines: setting.map((line, index) => ({ mapping: toMapping(line), path: [...path, index] })),
      problems: [],
    };
  }
  return extendDefault(setting, path, source);
}

function extendDefault(
  setting: Exclude<MappingSetting, 'default' | readonly AttributeLine[]>,
  path: SettingPath,
  source: SourceDocument,
): PlacedMapping {
  const targets = DEFAULT_MAPPING.map((mapping) => mapping.target);
  const problems = setting.without.flatMap((target, index) =>
    targets.includes(target)
      ? []
      : [
          source.problemAt(
            [...path, 'without', index],
            `the default mapping has no target "${target}"${didYouMean(target, targets)}`,
          ),
        ],
  );
  const own = setting.attributes.map((line, index) => ({
    mapping: toMapping(line),
    path: [...path, 'attributes', index],
  }));
  const replaced = new Map(own.map((line) => [line.mapping.target.toLowerCase(), line]));
  const kept = DEFAULT_MAPPING.filter((mapping) => !setting.without.includes(mapping.target)).map((mapping) => {
    const line = replaced.get(mapping.target.toLowerCase());
    replaced.delete(mapping.target.toLowerCase());
    return line ?? { mapping, path };
  });
  const inDefault = new Set(kept.map((line) => line.path));
  return { lines: [...kept, ...own.filter((line) => !inDefault.has(line.path))], problems };
}

/** An attribute line as core wants it. The schema and the cross-checks made sure that exactly one kind is given. */
function toMapping(line: AttributeLine): AttributeMapping {
  const base = {
    target: line.target,
    ...(line.match === undefined ? {} : { match: line.match }),
    ...(line.apply === undefined ? {} : { apply: line.apply }),
    ...(line.default === undefined ? {} : { default: line.default }),
    ...(line.nulls === undefined ? {} : { nulls: line.nulls }),
  };
  if (line.source !== undefined) return { ...base, kind: 'direct', source: line.source };
  if (line.expression !== undefined) return { ...base, kind: 'expression', expression: line.expression };
  return { ...base, kind: 'constant', value: line.constant ?? null };
}
