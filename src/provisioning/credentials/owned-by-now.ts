import type { ConnectionRules } from '../../core/connection.ts';
import { endangering, ownerReason } from '../../core/guards/token-owner.ts';
import type { Operation } from '../../core/operation.ts';
import { gatherCredentials, type CredentialPorts } from './survey-credentials.ts';

/**
 * Why operations may not be sent that the guard `token-owner` had let pass: a token was put to use, or its owner named,
 * after the plan was judged. Reads credentials only where an operation would end somebody's account or role.
 */
export async function ownedByNow(
  operations: readonly Operation[],
  rules: Pick<ConnectionRules, 'mapping'>,
  ports: CredentialPorts,
): Promise<string | undefined> {
  const dangerous = endangering(operations, rules);
  if (dangerous.length === 0) return undefined;
  // The directory is not asked: whoever names an owner has it asked, and it need not answer for something to be sent.
  return ownerReason(dangerous, await gatherCredentials(ports));
}
