import type { CompiledLine, MappingProblem } from './compile-line.ts';
import { EvaluationError, type MappingSubject } from './value.ts';

/** What only shows when all lines are seen together. `complete` is false when some line was already refused. */
export function checkMapping(lines: readonly CompiledLine[], complete: boolean): readonly MappingProblem[] {
  const problems = [...overlaps(lines), ...precedences(lines), ...deactivations(lines)];
  if (!complete) return problems;
  if (!lines.some((line) => line.target === 'userName')) {
    problems.push({
      index: -1,
      message: 'nothing is mapped to userName, which every account needs (RFC 7643 section 4.1.1)',
    });
  }
  if (!lines.some((line) => line.match !== undefined)) {
    problems.push({
      index: -1,
      message: 'no attribute is used for matching: add match: 1 to the one accounts are found by',
    });
  }
  return problems;
}

function overlaps(lines: readonly CompiledLine[]): MappingProblem[] {
  const problems: MappingProblem[] = [];
  const earlier: CompiledLine[] = [];
  for (const line of lines) {
    const other = earlier.find((each) => overlap(each, line));
    if (other !== undefined) {
      const what = other.target === line.target ? 'is already mapped' : `overlaps with ${other.target}`;
      problems.push({ index: line.index, message: `${line.target} ${what} in line ${other.index + 1} of the mapping` });
    }
    earlier.push(line);
  }
  return problems;
}

/** Same place, or one is the whole attribute the other is a part of. */
function overlap({ path: a }: CompiledLine, { path: b }: CompiledLine): boolean {
  if (a.text.toLowerCase() === b.text.toLowerCase()) return true;
  if (a.urn !== b.urn || a.attribute.toLowerCase() !== b.attribute.toLowerCase()) return false;
  return [a, b].some((path) => path.filter === null && path.subAttribute === null);
}

function precedences(lines: readonly CompiledLine[]): MappingProblem[] {
  const seen = new Set<number>();
  return lines.flatMap(({ index, match }) => {
    if (match === undefined) return [];
    const twice = seen.has(match);
    seen.add(match);
    return twice ? [{ index, message: `two attributes have matching precedence ${match}` }] : [];
  });
}

const ENTITLED: MappingSubject = { user: { id: '', enabled: true, attributes: {} }, roles: [] };
const ALWAYS_KNOWN: ReadonlySet<string> = new Set(['IsSoftDeleted', 'accountEnabled']);

/**
 * A line for `active` that depends on nothing but what is known of every entitled user must come out true. The usual
 * slip is mapping IsSoftDeleted to active directly, which would lock out everybody.
 */
function deactivations(lines: readonly CompiledLine[]): MappingProblem[] {
  return lines.flatMap((line) => {
    if (line.target !== 'active' || ![...line.reads].every((name) => ALWAYS_KNOWN.has(name))) return [];
    const outcome = outcomeOf(line);
    if (outcome === true) return [];
    const found = `active must be true for an entitled user, but this line gives ${String(outcome)}`;
    return [{ index: line.index, message: `${found}; use Not([IsSoftDeleted])` }];
  });
}

function outcomeOf(line: CompiledLine): unknown {
  try {
    return line.convert(line.evaluate(ENTITLED));
  } catch (error) {
    if (error instanceof EvaluationError) return 'no boolean';
    throw error;
  }
}
