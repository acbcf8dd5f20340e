import type { Credential } from './credential.ts';
import { RefusedError } from './errors.ts';

/**
 * The credential a fingerprint or an id names, or the beginning of a fingerprint; of one connection, where that is given, as
 * the same token may be in use in several. RefusedError when there is none, or several.
 */
export function whichCredential<C extends Pick<Credential, 'id' | 'fingerprint' | 'connection' | 'state'>>(
  all: readonly C[],
  reference: string,
  connection?: string,
): C {
  const asked = connection === undefined ? all : all.filter((one) => one.connection === connection);
  const named = asked.filter(({ id }) => id === reference);
  const found = named.length > 0 ? named : asked.filter(({ fingerprint }) => fingerprint.startsWith(reference));
  const [first, second] = found;
  if (first === undefined) {
    const where = connection === undefined ? 'no credential' : `no credential of "${connection}"`;
    throw new RefusedError('not-found', `${where} has the fingerprint "${reference}"`, {
      remedy: 'see them with: headgate token list',
    });
  }
  if (second === undefined) return first;
  const places = found.map(({ fingerprint, state, ...of }) => `${fingerprint} of ${of.connection} (${state})`);
  throw new RefusedError('credential', `"${reference}" may be ${places.join(', ')}`, { remedy: chooseAmong(found) });
}

function chooseAmong(found: readonly Pick<Credential, 'fingerprint' | 'connection'>[]): string {
  const connections = [...new Set(found.map(({ connection }) => connection))];
  const more = new Set(found.map(({ fingerprint }) => fingerprint)).size > 1 ? ['give more of the fingerprint'] : [];
  const which = connections.length > 1 ? [`say which: ${connections.map((name) => `-c ${name}`).join(' or ')}`] : [];
  return `${[...which, ...more].join(', or ')}.`;
}
