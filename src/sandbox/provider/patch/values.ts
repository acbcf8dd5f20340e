import type { Behaviour } from '../behaviour.ts';
import type { Filter } from '../filter/ast.ts';
import { compileFilter, elementScope } from '../filter/evaluate.ts';
import { isComplex, sameValue, type Complex, type Value } from '../json.ts';
import { isPrimary, readSingle, readValue } from '../read-body.ts';
import { badRequest } from '../refusal.ts';
import type { AttributeDefinition } from '../schema/attribute.ts';
import type { Target, Verb } from './operation.ts';

/**
 * The values of a multi-valued attribute after one operation, and which of them the operation set, so that `primary`
 * can be taken from the others.
 */
interface Outcome {
  readonly values: readonly Value[];
  readonly set: ReadonlySet<Value>;
}

/** Applies one operation to a multi-valued attribute. Undefined means unassigned. Throws noTarget and invalidValue. */
export function changeValues(
  behaviour: Behaviour,
  verb: Verb,
  target: Target,
  present: readonly Value[],
  raw: Value | undefined,
): Value[] | undefined {
  const outcome =
    target.filter === undefined
      ? changeAll(behaviour, verb, target.attribute, present, raw)
      : changeSelected(behaviour, verb, target, target.filter, present, raw);
  const values = withOnePrimary(target.attribute, outcome);
  return values.length === 0 ? undefined : values;
}

function changeAll(
  behaviour: Behaviour,
  verb: Verb,
  definition: AttributeDefinition,
  present: readonly Value[],
  raw: Value | undefined,
): Outcome {
  if (verb === 'remove') return { values: removeListed(behaviour, definition, present, raw), set: new Set() };
  // A single new value may be added without a list; a replacement is of the whole list.
  const list = verb === 'add' && isComplex(raw) ? [raw] : (raw ?? null);
  const given = readValue(behaviour, definition, list);
  const incoming = Array.isArray(given) ? given : [];
  if (verb === 'replace') return { values: incoming, set: new Set(incoming) };
  // RFC 7644 section 3.5.2.1: a value that is there already changes nothing.
  const fresh: Value[] = [];
  for (const value of incoming) {
    if (![...present, ...fresh].some((other) => sameValue(value, other))) fresh.push(value);
  }
  return { values: [...present, ...fresh], set: new Set(fresh) };
}

/** The RFC defines no `value` for a remove; three readings of it exist in the wild. */
function removeListed(
  behaviour: Behaviour,
  definition: AttributeDefinition,
  present: readonly Value[],
  raw: Value | undefined,
): readonly Value[] {
  if (raw === undefined || behaviour.removeWithValue === 'ignore') return [];
  if (behaviour.removeWithValue === 'refuse') {
    throw badRequest('invalidSyntax', 'a remove has no "value": select with a filter in the path');
  }
  const listed = readValue(behaviour, definition, isComplex(raw) ? [raw] : raw);
  const unwanted = Array.isArray(listed) ? listed : [];
  return present.filter((value) => !unwanted.some((other) => includes(value, other)));
}

/** True when every sub-attribute of `part` is in `whole`. */
function includes(whole: Value, part: Value): boolean {
  if (!isComplex(whole) || !isComplex(part)) return sameValue(whole, part);
  return Object.entries(part).every(([name, value]) => sameValue(whole[name], value));
}

function changeSelected(
  behaviour: Behaviour,
  verb: Verb,
  target: Target,
  filter: Filter,
  present: readonly Value[],
  raw: Value | undefined,
): Outcome {
  const selects = compileFilter(filter, elementScope(target.attribute, behaviour.stringBooleans));
  const set = new Set<Value>();
  let matched = false;
  const values = present.flatMap((element) => {
    if (!isComplex(element) || !selects(element)) return [element];
    matched = true;
    const changed = changeElement(behaviour, verb, target, element, raw);
    if (changed === undefined) return [];
    set.add(changed);
    return [changed];
  });
  if (matched) return { values, set };
  if (verb === 'add' && behaviour.addToMissingValue === 'create') {
    const seed = readSingle(behaviour, target.attribute, seedOf(filter));
    const created = changeElement(behaviour, 'add', target, isComplex(seed) ? seed : {}, raw);
    return created === undefined ? { values, set } : { values: [...values, created], set: new Set([created]) };
  }
  throw badRequest('noTarget', `no value of "${target.attribute.name}" is selected by the path`);
}

/** What a new element must hold so that the filter selects it: the equalities the filter demands. */
function seedOf(filter: Filter): Complex {
  if (filter.kind === 'compare' && filter.operator === 'eq') return { [filter.path.name]: filter.value };
  if (filter.kind === 'logical' && filter.operator === 'and') {
    return filter.operands.reduce<Complex>((seed, operand) => ({ ...seed, ...seedOf(operand) }), {});
  }
  throw badRequest(
    'noTarget',
    'no value is selected by the path, and the filter does not say what a new one would hold',
  );
}

function changeElement(
  behaviour: Behaviour,
  verb: Verb,
  target: Target,
  element: Complex,
  raw: Value | undefined,
): Complex | undefined {
  const { attribute, subAttribute } = target;
  if (subAttribute !== undefined) {
    const value = verb === 'remove' ? undefined : readValue(behaviour, subAttribute, raw ?? null);
    const { [subAttribute.name]: _before, ...rest } = element;
    const changed = value === undefined ? rest : { ...rest, [subAttribute.name]: value };
    return Object.keys(changed).length === 0 ? undefined : changed;
  }
  if (verb === 'remove') return undefined;
  const given = readSingle(behaviour, attribute, raw ?? null);
  if (!isComplex(given)) return verb === 'add' ? element : undefined;
  return verb === 'add' ? { ...element, ...given } : given;
}

/** RFC 7644 section 3.5.2: setting `primary` on one value takes it from every other. */
function withOnePrimary(definition: AttributeDefinition, outcome: Outcome): Value[] {
  const claims = outcome.values.filter((value) => isPrimary(value) && outcome.set.has(value));
  if (claims.length > 1) throw badRequest('invalidValue', `"${definition.name}" has more than one primary value`);
  const [primary] = claims;
  if (primary === undefined) return [...outcome.values];
  return outcome.values.map((value) =>
    value !== primary && isComplex(value) && isPrimary(value) ? { ...value, primary: false } : value,
  );
}
