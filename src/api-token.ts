import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { StartupError } from './core/errors.ts';

/** Bytes of a made token: as hard to guess as a 256-bit key. */
const TOKEN_BYTES = 32;

async function read(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}

function alreadyThere(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
}

/**
 * Writes a new token beside the file and links it into place: whoever looks finds none or a whole one, even when this
 * process is killed meanwhile, and of two processes that start together both use the token of the first.
 */
async function make(file: string): Promise<void> {
  const draft = `${file}.${process.pid}-${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(
      draft,
      `${randomBytes(TOKEN_BYTES).toString('base64url')}
`,
      { mode: 0o600, flag: 'wx' },
    );
    await link(draft, file);
  } catch (cause) {
    if (!alreadyThere(cause)) throw cause;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * The API token's reader. Makes the file, readable by its owner only, when it is missing. Throws StartupError when the file
 * cannot be made or read, or is empty: an API without a token would be open to everybody on the machine.
 */
export async function openApiToken(file: string): Promise<{ read(): Promise<string> }> {
  try {
    if ((await read(file)) === undefined) await make(file);
    if ((await read(file)) === '') throw new Error('it is empty');
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : 'unknown error';
    const remedy = 'make its folder writable for Headgate, or set http.token_file to a place that is.';
    throw new StartupError(`the API token file ${file} cannot be used: ${found}`, { remedy, cause });
  }
  return { read: async () => (await read(file)) ?? '' };
}
