import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { startOfDay } from '../core/day.ts';
import type { NewCredential } from '../ports/credential-desk.ts';
import { UsageError } from './io.ts';
import type { Session } from './session.ts';

/** Options by which a secret is handed over. Never the secret itself: a command line is read by everybody on the machine. */
export interface SecretOptions {
  readonly tokenFile?: string;
  readonly reference?: string;
  readonly owner?: string;
  readonly expires?: string;
}

/** What was handed over by a file, by reference, through standard input, or at a prompt that shows nothing. */
export async function handedSecret(
  session: Session,
  options: SecretOptions,
): Promise<Omit<NewCredential, 'connection' | 'by'>> {
  return {
    secret: await secretOf(session, options),
    ...(options.owner === undefined ? {} : { owner: options.owner }),
    ...(options.expires === undefined ? {} : { expiresAt: endOfDay(options.expires) }),
  };
}

async function secretOf(session: Session, { tokenFile, reference }: SecretOptions): Promise<NewCredential['secret']> {
  if (tokenFile !== undefined && reference !== undefined) {
    throw new UsageError('--token-file and --reference exclude each other: keep one');
  }
  if (reference !== undefined) return { file: resolve(reference) };
  const text =
    tokenFile === undefined ? await session.io.readSecret('Token (it is not shown): ') : await readToken(tokenFile);
  if (text.trim() === '') throw new UsageError('no token was handed over: use --token-file, or pipe it in');
  return { text: text.trim() };
}

async function readToken(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new UsageError(`${file} cannot be read (${code})`);
  }
}

const DAY_MS = 86_400_000;

function endOfDay(date: string): number {
  const start = startOfDay(date);
  if (start === undefined) throw new UsageError(`--expires is "${date}": use a date such as 2027-03-31`);
  return start + DAY_MS;
}
