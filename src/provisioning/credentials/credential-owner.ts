import type { Credential } from '../../core/credential.ts';
import { isSameOwner, keepsOwner, ownerInConfiguration } from '../../core/credential-take-up.ts';
import { RefusedError } from '../../core/errors.ts';
import { surveyCredentials, type CredentialPorts } from './survey-credentials.ts';

/** RefusedError('credential') where the configuration names another owner: that is what would count, at once and ever after. */
export async function requireOwnWord(ports: CredentialPorts, after: Credential): Promise<void> {
  const configured = (await surveyCredentials(ports)).configured.get(after.connection);
  const named = ownerInConfiguration(after, configured);
  if (named === undefined || keepsOwner(after) || isSameOwner(named, after.owner)) return;
  const name = named.kind === 'user' ? named.name : named.kind;
  throw new RefusedError(
    'credential',
    `the configuration names ${name} (provider.credential.owner of ${after.connection})`,
    { remedy: 'change it there.' },
  );
}
