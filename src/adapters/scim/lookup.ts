import { type Filter, stringify } from 'scim2-parse-filter';
import { HeadgateError, RejectedError } from '../../core/errors.ts';
import { filterAttribute, isAskedBy } from '../../core/profile.ts';
import { type JsonObject, URN } from '../../core/scim.ts';
import { foldText } from '../../core/scim-compare.ts';
import { isArray, isObject, pathOf, readMember, readPath } from '../../core/scim-path.ts';
import type { LookupKey } from '../../ports/service-provider.ts';
import type { ScimAnswer } from './answer.ts';
import type { Exchange, ResourceCollection } from './exchange.ts';
import { canonicalBody } from './resources.ts';

/** Attributes whose values differ when only their case differs (RFC 7643 section 3.1); everything else we match by does not. */
const CASE_EXACT: ReadonlySet<string> = new Set(['id', 'externalId']);

/** Whether a resource has the value at the attribute, by the attribute's own case rule. */
export function equalsKey(body: JsonObject, { attribute, value }: LookupKey): boolean {
  const path = pathOf(attribute);
  const fold = (text: string) => (CASE_EXACT.has(path.text) ? text : foldText(text));
  const found = readPath(body, path);
  if (typeof found === 'string') return fold(found) === fold(value);
  return false;
}

/** Enough rows to see that a match is ambiguous, and no more. */
const ROWS = 20;

/**
 * Every resource that has the value, re-checked on our side: some providers answer all rows, or rows that nearly match.
 * An empty answer means that the provider found nothing, which is no proof that there is nothing. Throws RejectedError
 * when the provider cannot filter by this attribute or refuses this value.
 */
export async function lookUp(
  exchange: Exchange,
  collection: ResourceCollection,
  key: LookupKey,
): Promise<readonly JsonObject[]> {
  const attribute = filterAttribute(key.attribute);
  if (!isAskedBy(exchange.profile, attribute)) {
    throw new RejectedError(`${exchange.connection}: this provider cannot be asked by ${attribute}`, {
      code: 'SystemForCrossDomainIdentityManagementServiceIncompatible',
      remedy: `Match by one of: ${exchange.profile.filter.attributes.join(', ')}.`,
    });
  }
  const filter: Filter = { op: 'eq', attrPath: attribute, compValue: key.value };
  const { body } = await askFilter(exchange, collection, stringify(filter), key);
  const rows = readMember(body ?? {}, 'Resources');
  const resources = (isArray(rows) ? rows : []).filter(isObject).map(canonicalBody);
  const matching = resources.filter((resource) => equalsKey(resource, key));
  const total = Number(readMember(body ?? {}, 'totalResults') ?? resources.length);
  // A path with a value filter is asked without it, so rows beside the point are normal there.
  const strict = attribute === pathOf(key.attribute).text;
  if (matching.length === 0 && total > resources.length && (strict ? resources.length > 0 : true)) {
    throw new RejectedError(
      `${exchange.connection}: asked for one ${attribute}, the provider answered ${total} others: it ignores the filter`,
      {
        code: 'SystemForCrossDomainIdentityManagementServiceIncompatible',
        remedy: 'A provider that cannot filter must be matched from its whole listing.',
      },
    );
  }
  return matching;
}

async function askFilter(
  exchange: Exchange,
  collection: ResourceCollection,
  filter: string,
  key: LookupKey,
): Promise<ScimAnswer> {
  // Some servers answer no rows at all unless a count is asked for.
  const page = { startIndex: '1', count: String(ROWS) };
  const parameters = { ...exchange.profile.paging.listParameters, ...page, filter };
  try {
    return await exchange.send({ method: 'GET', collection, parameters });
  } catch (error) {
    if (!(error instanceof HeadgateError)) throw error;
    if (error.facts.scimType === 'sensitive') return searchFilter(exchange, collection, filter);
    if (error.facts.status === 400) throw cannotMatch(exchange, key, error);
    throw error;
  }
}

/** RFC 7644 section 7.5.2: a filter too sensitive for a URL goes into the body of a search. Tried once, never in turns. */
async function searchFilter(exchange: Exchange, collection: ResourceCollection, filter: string): Promise<ScimAnswer> {
  const body = { schemas: [URN.searchRequest], filter, startIndex: 1, count: ROWS };
  return exchange.send({ method: 'POST', collection, search: true, body });
}

function cannotMatch(exchange: Exchange, key: LookupKey, refusal: HeadgateError): RejectedError {
  const awkward = /["\\\p{Cc}]/u.test(key.value) ? ' (it contains a quote, a backslash or a control character)' : '';
  return new RejectedError(
    `${exchange.connection}: the object cannot be matched: the provider refuses a filter by ${key.attribute} with its value${awkward}`,
    { ...refusal.facts, remedy: 'Change the value in the directory, or match by another attribute.' },
  );
}
