import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const manifest = z.object({ name: z.string(), version: z.string() });

/** The version in Headgate's package.json, found upwards from here: sources and build output lie at different depths. */
export function readVersion(): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const file = new URL('package.json', folder);
    const found = existsSync(file) ? manifest.safeParse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
    if (found?.data?.name === 'headgate') return found.data.version;
    if (folder.pathname === '/') throw new Error('package.json of headgate was not found above its own code');
  }
}
