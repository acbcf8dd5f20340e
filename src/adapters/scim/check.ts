import { HeadgateError, UnauthorizedError } from '../../core/errors.ts';
import type { ProviderProfile } from '../../core/profile.ts';
import type { Json, JsonObject } from '../../core/scim.ts';
import { asBoolean, isArray, isObject, readMember } from '../../core/scim-path.ts';
import type { CheckResult } from '../../ports/directory-source.ts';
import type { Exchange } from './exchange.ts';
import { refusesCorrupted, unknownUser } from './probe.ts';

type Finding = Omit<CheckResult, 'name'>;

/** What `headgate doctor` tells of a service provider. Reads only; a failure is a line, never an exception. */
export async function checkProvider(exchange: Exchange, token: () => Promise<string>): Promise<readonly CheckResult[]> {
  const read = await line('SCIM endpoint and credential', () => checkRead(exchange));
  if (!read.ok) return [read];
  return [
    read,
    await line('SCIM refuses a wrong token', () => checkWrongToken(exchange, token)),
    await line('SCIM service provider configuration', () => checkConfiguration(exchange)),
    await line('SCIM listing can be trusted', () => checkPaging(exchange)),
  ];
}

async function line(name: string, check: () => Promise<Finding>): Promise<CheckResult> {
  try {
    return { name, ...(await check()) };
  } catch (error) {
    if (!(error instanceof HeadgateError)) throw error;
    const { remedy } = error.facts;
    return { name, ok: false, detail: error.message, ...(remedy === undefined ? {} : { remedy }) };
  }
}

/**
 * Whether a read with the credential is answered. False only where the provider, or its token endpoint, said that it does
 * not take it: 403 is a credential that lacks rights and is alive, and so may be one whose token endpoint answered anything
 * else. Throws what kept it from being told.
 */
export async function credentialWorks(exchange: Exchange): Promise<boolean> {
  try {
    await exchange.send({ method: 'GET', collection: 'Users', parameters: unknownUser() });
    return true;
  } catch (error) {
    if (error instanceof UnauthorizedError && error.facts.credentialRefused === true) return false;
    throw error;
  }
}

/** The same request Entra tests a connection with: a filter for a user that cannot exist. */
async function checkRead(exchange: Exchange): Promise<Finding> {
  const parameters = unknownUser();
  const { body } = await exchange.send({ method: 'GET', collection: 'Users', parameters });
  const rows = body === undefined ? undefined : readMember(body, 'Resources');
  if (isArray(rows) && rows.length > 0) {
    return {
      ok: false,
      detail: 'a filter for a user that cannot exist was answered with accounts: the provider ignores filters',
      remedy: 'Matching must use the whole listing; ask the provider for support of userName eq.',
    };
  }
  return { ok: true, detail: 'authenticated read and filter by userName work' };
}

/** A 200 proves a token only where a wrong one is refused. */
async function checkWrongToken(exchange: Exchange, token: () => Promise<string>): Promise<Finding> {
  if (await refusesCorrupted(exchange, await token())) return { ok: true, detail: 'a corrupted token is refused' };
  return {
    ok: false,
    detail: 'a corrupted token was accepted: the endpoint does not check its credential',
    remedy: 'Stop using this endpoint until its provider has mended it: anybody can change its accounts.',
  };
}

/** ServiceProviderConfig is the provider's own statement: taken as a ceiling, never as proof (RFC 7644 section 4). */
async function checkConfiguration(exchange: Exchange): Promise<Finding> {
  for (const collection of ['ServiceProviderConfig', 'ServiceProviderConfigs'] as const) {
    try {
      const { body } = await exchange.send({ method: 'GET', collection });
      return compareConfiguration(configurationIn(body ?? {}), exchange.profile);
    } catch (error) {
      // Salesforce and Slack use the plural; others publish nothing.
      if (!(error instanceof HeadgateError) || (error.facts.status !== 404 && error.facts.status !== 403)) throw error;
    }
  }
  return { ok: true, detail: 'the provider publishes none; the profile stands unchecked' };
}

function configurationIn(body: JsonObject): JsonObject {
  const rows = readMember(body, 'Resources');
  const first = isArray(rows) ? rows[0] : undefined;
  return isObject(first) ? first : body;
}

function part(body: JsonObject, name: string): JsonObject {
  const value = readMember(body, name);
  return isObject(value) ? value : {};
}

function compareConfiguration(stated: JsonObject, profile: ProviderProfile): Finding {
  const problems: string[] = [];
  if (profile.patch.shape !== 'put' && supported(part(stated, 'patch')) === false)
    problems.push('it states that PATCH is not supported');
  const filter = part(stated, 'filter');
  if (supported(filter) === false) problems.push('it states that filters are not supported');
  const most: Json | undefined = readMember(filter, 'maxResults');
  if (typeof most === 'number' && most > 0 && most < profile.paging.pageSize) {
    // Fewer rows a page than asked for are legal and cost only requests.
    return finding(
      problems,
      `at most ${most} resources a page instead of the ${profile.paging.pageSize} asked for`,
      profile,
    );
  }
  return finding(problems, `agrees with the profile ${profile.name}`, profile);
}

function supported(feature: JsonObject): boolean | undefined {
  return asBoolean(readMember(feature, 'supported'));
}

function finding(problems: readonly string[], good: string, profile: ProviderProfile): Finding {
  if (problems.length === 0) return { ok: true, detail: good };
  return {
    ok: false,
    detail: problems.join('; '),
    remedy: `Choose a profile that fits the provider better than ${profile.name}.`,
  };
}

/** Two small pages: what they echo shows whether paging parameters are read at all. */
async function checkPaging(exchange: Exchange): Promise<Finding> {
  const first = await pageAt(exchange, 1);
  if (first.total === undefined) return untrusted('the provider states no totalResults');
  if (first.ids.length > 1)
    return untrusted(`asked for 1 account, the provider sent ${first.ids.length}: it ignores count`);
  if (first.total > 0 && first.ids.length === 0)
    return untrusted(`totalResults is ${first.total}, but the first page is empty`);
  if (first.total < 2) return { ok: true, detail: `${first.total} account(s) listed` };
  const second = await pageAt(exchange, 2);
  if (second.ids[0] === first.ids[0])
    return untrusted('the second account listed is the first one again: it ignores startIndex');
  return { ok: true, detail: `${first.total} account(s), pages follow startIndex and count` };
}

async function pageAt(exchange: Exchange, startIndex: number) {
  const { listParameters } = exchange.profile.paging;
  const parameters = { ...listParameters, startIndex: String(startIndex), count: '1' };
  const { body } = await exchange.send({ method: 'GET', collection: 'Users', parameters });
  const rows = body === undefined ? undefined : readMember(body, 'Resources');
  const total = body === undefined ? undefined : readMember(body, 'totalResults');
  return {
    total: typeof total === 'number' ? total : undefined,
    ids: (isArray(rows) ? rows : []).map((row) => (isObject(row) ? readMember(row, 'id') : undefined)),
  };
}

function untrusted(detail: string): Finding {
  return {
    ok: false,
    detail,
    remedy:
      'Nothing is concluded from what such a listing lacks; accounts are looked up one by one. Tell the provider.',
  };
}
