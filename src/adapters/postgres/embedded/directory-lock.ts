import { link, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { StartupError } from '../../../core/errors.ts';
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/**
 * An embedded database opened twice loses rows without an error, and PGlite does not stop it. So the directory is
 * locked by numbered files: the owner is whoever wrote the highest number. A number is created once and for all
 * (link(2) fails when it exists), and a taker that finds a higher number after creating its own steps back. Numbers
 * never go down, so a process that slept between looking and taking cannot take what somebody else took meanwhile.
 */
export interface DirectoryLock {
  /** Rejects when another process has taken the directory over (this one was suspended on another machine). */
  verify(): Promise<void>;
  release(): Promise<void>;
}

interface LockFile extends ProcessIdentity {
  readonly released?: boolean;
  readonly since: string;
}

const NAME = /^lock\.(\d+)$/;
/** Holders refresh their file this often, so that another container can see that they live. */
const BEAT_MS = 2_000;
/** How long a holder from another container or machine is watched before it counts as dead: ten missed beats. */
const WATCH_MS = 20_000;

/** Locks held by this very process: it may open, close and open a directory again. */
const heldHere = new Set<string>();

async function numbers(directory: string): Promise<readonly number[]> {
  const names = await readdir(directory);
  return names
    .flatMap((name) => {
      const match = NAME.exec(name);
      return match?.[1] === undefined ? [] : [Number(match[1])];
    })
    .toSorted((a, b) => b - a);
}

function isLockFile(value: unknown): value is LockFile {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    'started' in value &&
    'realm' in value &&
    typeof value.pid === 'number' &&
    typeof value.started === 'string' &&
    typeof value.realm === 'string'
  );
}

async function beats(path: string): Promise<boolean> {
  const before = (await stat(path)).mtimeMs;
  for (let watched = 0; watched < WATCH_MS; watched += BEAT_MS / 2) {
    await wait(BEAT_MS / 2);
    if ((await stat(path)).mtimeMs !== before) return true;
  }
  return false;
}

async function readLock(path: string): Promise<LockFile> {
  const found: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (isLockFile(found)) return found;
  throw new StartupError(`${path} is not a lock file of Headgate`, { remedy: 'Choose another data directory.' });
}

/** The live owner of the lock file, or undefined when it was released or its process is gone. */
async function liveHolder(path: string): Promise<LockFile | undefined> {
  const found = await readLock(path);
  if (found.released === true) return undefined;
  const self = ownIdentity();
  if (found.pid === self.pid && found.started === self.started && found.realm === self.realm) {
    return heldHere.has(path) ? found : undefined;
  }
  const state = isAlive(found);
  if (state === 'dead') return undefined;
  if (state === 'alive') return found;
  return (await beats(path)) ? found : undefined;
}

/** A lock file vanishes only when a newer holder sweeps it; that one has then a higher number and is found next. */
async function unlessGone(holder: Promise<LockFile | undefined>): Promise<LockFile | undefined> {
  try {
    return await holder;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function inUse(directory: string, holder: LockFile): StartupError {
  const host = holder.realm.split(' ')[0] ?? 'unknown host';
  return new StartupError(
    `the data directory ${directory} is in use by process ${holder.pid} on ${host} since ${holder.since}`,
    {
      remedy:
        'If it is a daemon that is just starting or stopping, wait a moment and try again. Otherwise stop that process, or give this one its own data directory (database.url).',
    },
  );
}

async function writeWhole(path: string, content: LockFile): Promise<void> {
  await writeFile(path, JSON.stringify(content), { flush: true });
}

/** Creates the numbered file with its content in one step. False when the number exists already. */
async function claim(directory: string, path: string, content: LockFile): Promise<boolean> {
  const draft = join(directory, `draft.${randomUUID()}`);
  await writeWhole(draft, content);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Locks a data directory for this process. A directory held by a live process is refused with a StartupError that names
 * the holder; one whose holder is dead is taken over. Never waits for a live holder.
 */
export async function lockDirectory(directory: string, onLost: (error: Error) => void): Promise<DirectoryLock> {
  const locks = join(directory, 'locks');
  await mkdir(locks, { recursive: true });
  const content: LockFile = { ...ownIdentity(), since: new Date().toISOString() };
  let number = 0;
  for (;;) {
    const highest = (await numbers(locks))[0] ?? 0;
    if (number > 0 && highest === number) break;
    if (number > 0) await rm(join(locks, `lock.${number}`), { force: true });
    const holder = highest === 0 ? undefined : await unlessGone(liveHolder(join(locks, `lock.${highest}`)));
    if (holder !== undefined) throw inUse(directory, holder);
    number = (await claim(locks, join(locks, `lock.${highest + 1}`), content)) ? highest + 1 : 0;
  }
  const path = join(locks, `lock.${number}`);
  heldHere.add(path);
  for (const old of await numbers(locks)) if (old < number) await rm(join(locks, `lock.${old}`), { force: true });
  return holdLock(directory, path, number, content, onLost);
}

function holdLock(
  directory: string,
  path: string,
  number: number,
  content: LockFile,
  onLost: (error: Error) => void,
): DirectoryLock {
  const locks = join(directory, 'locks');
  async function verify(): Promise<void> {
    const highest = (await numbers(locks))[0];
    if (highest === number) return;
    throw new StartupError(`the data directory ${directory} was taken over by another process`, {
      remedy: 'Run one Headgate per data directory; this one must stop.',
    });
  }
  async function beat(): Promise<void> {
    const now = new Date();
    await verify();
    await utimes(path, now, now);
  }
  const timer = setInterval(() => {
    beat().catch((error: unknown) => {
      clearInterval(timer);
      onLost(error instanceof Error ? error : new Error(String(error)));
    });
  }, BEAT_MS);
  timer.unref();
  return {
    verify,
    async release() {
      clearInterval(timer);
      heldHere.delete(path);
      // The file stays, marked: its number must not be handed out again (see above).
      const draft = join(locks, `draft.${randomUUID()}`);
      await writeWhole(draft, { ...content, released: true });
      await rename(draft, path);
    },
  };
}
