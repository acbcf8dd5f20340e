import { readFile } from 'node:fs/promises';
import { Pool } from 'undici';

/** One write as it went over the wire. */
export interface Write {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body: string;
}

/** Reads what `record-writes` kept, in the order in which it was sent. */
export async function readWrites(file: string): Promise<readonly Write[]> {
  const text = await readFile(file, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseWrite);
}

function parseWrite(line: string): Write {
  const write: Write = JSON.parse(line);
  return write;
}

function kindOf({ method, path }: Write): string {
  return `${method} ${path.split('/')[3] ?? ''}`;
}

/**
 * Runs of one method and collection. Between two of them everything must have been answered: the provider counts its ids,
 * so the same creates in the same run give the same set of ids, and what refers to them finds them.
 */
function runsOf(writes: readonly Write[]): readonly (readonly Write[])[] {
  const runs: Write[][] = [];
  let last: string | undefined;
  for (const write of writes) {
    const kind = kindOf(write);
    const run = runs.at(-1);
    if (run === undefined || kind !== last) runs.push([write]);
    else run.push(write);
    last = kind;
  }
  return runs;
}

/**
 * The yardstick: the same requests over the same number of connections and nothing else, each answer read to its end.
 * Returns milliseconds. Throws when the provider refused one, because then it did not do the same work.
 */
export async function bareLoop(
  origin: string,
  token: string,
  writes: readonly Write[],
  concurrency: number,
): Promise<number> {
  const pool = new Pool(origin, { connections: concurrency, pipelining: 1 });
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'application/scim+json',
    'content-type': 'application/scim+json',
  };
  const startedAt = performance.now();
  for (const run of runsOf(writes)) {
    let next = 0;
    const lane = async () => {
      for (let write = run[next++]; write !== undefined; write = run[next++]) {
        const { method, path, body } = write;
        const response = await pool.request({ method, path, headers, body });
        await response.body.text();
        if (response.statusCode >= 300)
          throw new Error(`${method} in the bare loop was answered ${response.statusCode}`);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, lane));
  }
  const elapsed = performance.now() - startedAt;
  await pool.close();
  return elapsed;
}
