import type { Anchor } from '../directory.ts';
import type { DesiredAccount, Json } from '../scim.ts';
import type { CompiledLine, MappingProblem } from './compile-line.ts';
import { compileLine } from './compile-line.ts';
import { checkMapping } from './check-mapping.ts';
import type { AttributeMapping } from './attribute-mapping.ts';
import type { MappingSubject } from './value.ts';
import { EvaluationError } from './value.ts';

export type { MappingProblem } from './compile-line.ts';
export type { MappingSubject } from './value.ts';

/** A mapping whose paths and expressions are compiled, ready for any number of users. */
export interface CompiledMapping {
  readonly lines: readonly CompiledLine[];
  readonly sources: readonly string[];
  readonly matching: readonly string[];
}

/**
 * Compiles an attribute mapping, or says everything that is wrong with it. A problem's `index` is the position of the
 * line in `mappings`, -1 for what concerns the mapping as a whole.
 */
export function compileMapping(
  mappings: readonly AttributeMapping[],
): { readonly mapping: CompiledMapping } | { readonly problems: readonly MappingProblem[] } {
  const lines: CompiledLine[] = [];
  const problems: MappingProblem[] = [];
  for (const [index, line] of mappings.entries()) {
    const compiled = compileLine(line, index);
    if ('problem' in compiled) problems.push({ index, message: compiled.problem });
    else lines.push(compiled.line);
  }
  problems.push(...checkMapping(lines, problems.length === 0));
  if (problems.length > 0) return { problems: problems.sort((a, b) => a.index - b.index) };
  const matching = lines
    .filter((line) => line.match !== undefined)
    .sort((a, b) => (a.match ?? 0) - (b.match ?? 0))
    .map((line) => line.target);
  const sources = [...new Set(lines.flatMap((line) => line.selects))].sort();
  return { mapping: { lines, sources, matching } };
}

/**
 * The directory attributes to ask for, by directory name and sorted. What is computed (IsSoftDeleted), read anyway
 * (id, accountEnabled, manager) or comes with the assignment (appRoleAssignments) is not among them.
 */
export function sourceAttributes(mapping: CompiledMapping): readonly string[] {
  return mapping.sources;
}

/** The SCIM paths accounts are matched by, first precedence first. */
export function matchingTargets(mapping: CompiledMapping): readonly string[] {
  return mapping.matching;
}

/** What a mapping makes of one user: the account, or one sentence why there is none. */
export type MappedAccount = { readonly account: DesiredAccount } | { readonly failure: string };

/**
 * The account an entitled user should have. `create` brings defaults and create-only attributes; `update` leaves them
 * out and brings the clearing of attributes mapped with `nulls: clear`. A failure concerns this user alone and
 * contains no value of theirs. `active: false` is a failure: a mapping describes entitled users, and taking access
 * away is the business of scope and deprovisioning, where guards count it.
 */
export function desiredAccount(
  mapping: CompiledMapping,
  subject: MappingSubject,
  purpose: 'create' | 'update',
): MappedAccount {
  const attributes = new Map<string, Json>();
  const references = new Map<string, Anchor>();
  let target = '';
  try {
    for (const line of mapping.lines) {
      if (line.createOnly && purpose === 'update') continue;
      target = line.target;
      if (line.isReference) addReference(line, subject, purpose, attributes, references);
      else addAttribute(line, subject, purpose, attributes);
    }
  } catch (error) {
    if (error instanceof EvaluationError) return { failure: `${target}: ${error.message}` };
    throw error;
  }
  // Entitled means active, also where the mapping is silent: a user who comes back must not stay locked out.
  if (!attributes.has('active')) attributes.set('active', true);
  return { account: { attributes, references } };
}

function addReference(
  line: CompiledLine,
  { user: { manager } }: MappingSubject,
  purpose: 'create' | 'update',
  attributes: Map<string, Json>,
  references: Map<string, Anchor>,
): void {
  if (manager !== undefined) references.set(line.target, manager);
  else if (line.clears && purpose === 'update') attributes.set(line.target, null);
}

function addAttribute(
  line: CompiledLine,
  subject: MappingSubject,
  purpose: 'create' | 'update',
  attributes: Map<string, Json>,
): void {
  const mapped = line.convert(line.evaluate(subject));
  const value = mapped === null && purpose === 'create' ? line.default : mapped;
  if (line.target === 'active' && value === false) {
    throw new EvaluationError('the mapping gives false for a user who is entitled');
  }
  if (value !== null) attributes.set(line.target, value);
  else if (line.target === 'userName') throw new EvaluationError('the mapping gives no value');
  else if (line.clears && purpose === 'update') attributes.set(line.target, null);
}
