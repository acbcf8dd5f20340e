import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { RefusedError } from '../../core/errors.ts';
import type { SecretVault } from '../../ports/credentials.ts';

/** How a vault gets its key: 32 bytes as base64 or hexadecimal, read whenever it is used. */
export interface VaultOptions {
  readonly key?: () => Promise<string>;
}

const VERSION = 'v1';
/** NIST SP 800-38D section 5.2.1.1: 96 bits is the length of nonce the mode is made for. */
const NONCE_BYTES = 12;
const KEY_BYTES = 32;
const MAKE_KEY = 'make a key with: openssl rand -base64 32';

/** AES-256-GCM under the operator's key. The purpose is authenticated with it, so a sealed secret cannot be moved to another row. */
export function createVault({ key }: VaultOptions): SecretVault {
  async function keyBytes(): Promise<Buffer> {
    if (key === undefined) {
      throw new RefusedError('credential', 'secrets cannot be stored: Headgate was started without an encryption key', {
        remedy: `where credentials.key_file has been set since, restart the daemon: a reload does not take it up. Else ${MAKE_KEY}, name its file in credentials.key_file and restart; or keep the secret in a file and add it by reference.`,
      });
    }
    return parseKey(await key());
  }
  return {
    fingerprint: (secret) =>
      createHash('sha256').update('headgate credential\0').update(secret).digest('hex').slice(0, 12),
    readReference,
    async seal(secret, purpose) {
      const bytes = await keyBytes();
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', bytes, nonce);
      cipher.setAAD(Buffer.from(purpose));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      const parts = [nonce, text, cipher.getAuthTag()].map((part) => part.toString('base64url'));
      return [VERSION, nameOfKey(bytes), ...parts].join('.');
    },
    async open(sealed, purpose) {
      const bytes = await keyBytes();
      const [version, keyName, nonce = '', text = '', tag = ''] = sealed.split('.');
      if (version !== VERSION) throw unreadable('it was written by another version of Headgate');
      if (keyName !== nameOfKey(bytes))
        throw unreadable(`it was stored under key ${keyName}, the key now is ${nameOfKey(bytes)}`);
      try {
        const decipher = createDecipheriv('aes-256-gcm', bytes, Buffer.from(nonce, 'base64url'));
        decipher.setAAD(Buffer.from(purpose));
        decipher.setAuthTag(Buffer.from(tag, 'base64url'));
        return Buffer.concat([decipher.update(Buffer.from(text, 'base64url')), decipher.final()]).toString('utf8');
      } catch {
        // What OpenSSL says of a failed check is the same for every cause.
        throw unreadable('it was altered in the database');
      }
    },
  };
}

async function readReference(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw missing(`${path} cannot be read (${code})`);
  });
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw missing(`${path} is empty`);
  return secret;
}

function missing(why: string): RefusedError {
  return new RefusedError('credential', `the secret of a credential is not there: ${why}`, {
    remedy: 'put it back where the user Headgate runs as can read it, or add the secret again: headgate token add.',
  });
}

function unreadable(why: string): RefusedError {
  return new RefusedError('credential', `a stored secret cannot be read: ${why}`, {
    remedy:
      'put the key back that it was stored under (credentials.key_file), or add the secret again: headgate token add.',
  });
}

function nameOfKey(key: Buffer): string {
  return createHash('sha256').update('headgate key\0').update(key).digest('hex').slice(0, 8);
}

function parseKey(text: string): Buffer {
  const trimmed = text.trim();
  const bytes = /^[0-9a-f]{64}$/i.test(trimmed) ? Buffer.from(trimmed, 'hex') : Buffer.from(trimmed, 'base64');
  if (bytes.length === KEY_BYTES && /^[\w+/=-]+$/.test(trimmed)) return bytes;
  throw new RefusedError('credential', 'credentials.key is not 32 bytes in base64 or hexadecimal', {
    remedy: MAKE_KEY,
  });
}
