import type { Credential, CredentialOwner } from '../../core/credential.ts';
import { isSameOwner, keepsOwner, ownerInConfiguration } from '../../core/credential-take-up.ts';
import { RefusedError } from '../../core/errors.ts';
import { ownerNamed } from '../../ports/credential-desk.ts';
import type { DirectorySource } from '../../ports/directory-source.ts';
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

/** An owner as people write it, with the id the directory has for them. RefusedError('credential') for whom it does not know. */
export async function ownerInDirectory(
  written: string | undefined,
  directory: Pick<DirectorySource, 'findUser'> | undefined,
  signal: AbortSignal,
): Promise<CredentialOwner> {
  const owner = ownerNamed(written);
  if (owner.kind !== 'user' || directory === undefined) return owner;
  const user = await directory.findUser(owner.name, ['userPrincipalName'], signal);
  if (user !== undefined) return { ...owner, anchor: user.id };
  throw new RefusedError('credential', `the directory knows nobody called ${owner.name}`, {
    remedy: 'name the owner by userPrincipalName or object id, or "service-account" for a program’s own account.',
  });
}
