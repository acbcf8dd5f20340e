import { isLive } from '../core/credential.ts';
import { surveyCredentials, type CredentialPorts } from '../provisioning/credentials/survey-credentials.ts';

/** Names of the other connections that use a token of this one, sorted. Reads what is stored and what is configured. */
export async function tokensElsewhere(connection: string, ports: CredentialPorts): Promise<readonly string[]> {
  const { credentials } = await surveyCredentials(ports);
  const live = credentials.filter(isLive);
  const own = new Set(live.filter((one) => one.connection === connection).map(({ fingerprint }) => fingerprint));
  const users = live.filter(({ fingerprint }) => own.has(fingerprint)).map((one) => one.connection);
  // A connection that is configured no longer needs no token.
  return [...new Set(users)].filter((name) => name !== connection && ports.connections.has(name)).toSorted();
}
