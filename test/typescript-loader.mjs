/** Lets a child process of a test run the project's TypeScript: `node --import` this file. Strips types, checks nothing. */
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

/** Node calls this in the thread that loads modules. */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const filename = fileURLToPath(url);
  const { code } = await transform(await readFile(filename, 'utf8'), {
    filename,
    swcrc: false,
    sourceMaps: 'inline',
    jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    module: { type: 'es6' },
  });
  return { format: 'module', source: code, shortCircuit: true };
}

if (process.env['HEADGATE_LOADER'] !== 'registered') {
  process.env['HEADGATE_LOADER'] = 'registered';
  register(import.meta.url);
}
