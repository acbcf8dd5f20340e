import { buryCredential } from '../../provisioning/credentials/bury-credential.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';

/**
 * Proves that the token is dead, once a person has said that they revoked it at the provider: one read with it, which must be
 * refused. A token that still works makes the yes void.
 */
export async function revokeToken(context: StepContext): Promise<StepOutcome> {
  const { connection, signal } = context;
  const works = await connection.provider.credentialWorks(signal);
  if (!works) {
    await context.begin();
    await buryCredential(context.ports, connection.rules.name, 'migration');
    return { is: 'done', text: 'the provider refuses the token' };
  }
  const why = 'the provider still takes the token: revoke it there, then approve again';
  await context.append([{ kind: 'withdrawn', gate: 'revocation', why }]);
  return { is: 'again', afterMs: 1 };
}
