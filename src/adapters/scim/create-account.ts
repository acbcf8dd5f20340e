import { ConflictError } from '../../core/errors.ts';
import type { CreateAccount, Exported } from '../../core/operation.ts';
import { isAskedBy } from '../../core/profile.ts';
import type { Account, JsonObject } from '../../core/scim.ts';
import { buildResource } from '../../core/scim-path.ts';
import { isAbsent } from '../../core/scim-compare.ts';
import type { ResolveReference } from '../../ports/service-provider.ts';
import { writeChanges } from './change-account.ts';
import type { Exchange } from './exchange.ts';
import { equalsKey, lookUp } from './lookup.ts';
import { exported, outstanding, resolveReferences } from './outcome.ts';
import { withPrimaries } from './primary.ts';
import { toAccount } from './resources.ts';
import { createdId } from './writes.ts';

/** Creates an account; on a conflict adopts the one there when it is ours and makes it as it should be. */
export async function createAccount(
  exchange: Exchange,
  operation: CreateAccount,
  resolve: ResolveReference,
): Promise<Exported> {
  const { changes: references, unresolved } = resolveReferences(operation.references, resolve);
  const wanted = [...operation.attributes, ...references];
  const values = wanted.map(({ path, after }) => [path, isAbsent(after) ? null : after] as const);
  const body = buildResource(values, 'User');
  exchange.quota.take('accounts', 1);
  try {
    return exported(exchange, await createdId(exchange, 'Users', withPrimaries(exchange.profile, body)), {
      unresolved,
    });
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    const account = await adoptable(exchange, operation, body, error);
    await writeChanges(exchange, account.id, outstanding(account.body, wanted), account.body);
    return exported(exchange, account.id, { note: 'adopted', unresolved });
  }
}

/** Matching attributes a create may collide on, the one that proves ownership first. */
const IDENTITIES = ['externalId', 'userName'] as const;

/**
 * The one account that is certainly ours: it carries our anchor, or both the externalId and the userName that were to be
 * created. externalId alone proves nothing, because mailNickname, from which it is mapped by default, is not unique.
 */
async function adoptable(
  exchange: Exchange,
  { anchor }: CreateAccount,
  body: JsonObject,
  conflict: ConflictError,
): Promise<Account> {
  const { externalId, userName } = body;
  const named = typeof userName === 'string' ? { attribute: 'userName', value: userName } : undefined;
  const isOurs = (account: Account) =>
    account.externalId === anchor ||
    (account.externalId !== undefined &&
      account.externalId === externalId &&
      named !== undefined &&
      equalsKey(account.body, named));
  for (const attribute of IDENTITIES) {
    const value = body[attribute];
    if (typeof value !== 'string' || value === '' || !isAskedBy(exchange.profile, attribute)) continue;
    const found = (await lookUp(exchange, 'Users', { attribute, value })).flatMap((each) => toAccount(each) ?? []);
    if (found.length === 0) continue;
    const [ours, ...others] = found.filter(isOurs);
    if (ours !== undefined && others.length === 0) return ours;
    throw new ConflictError(
      `${exchange.connection}: the provider already has ${found.length} account(s) with this ${attribute}, and none is known to be ours`,
      {
        ...conflict.facts,
        ...(found.length > 1 ? { code: 'DuplicateTargetEntries' } : {}),
        remedy: `Let the mapping match by ${attribute} if it is the same person, or change the ${attribute} of one of them.`,
      },
    );
  }
  throw new ConflictError(
    `${exchange.connection}: the provider says the account exists, but shows none with its externalId or userName`,
    {
      ...conflict.facts,
      remedy:
        'Another attribute collides (often an e-mail address), or the account is deleted or hidden there: look for it at the provider.',
    },
  );
}
