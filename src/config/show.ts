import { Document, isMap, isPair, isScalar, isSeq, visit } from 'yaml';
import type { CheckedFile } from './load.ts';
import { valueAt } from './source-document.ts';
import type { SettingPath } from './source-document.ts';

const SECRET_KEYS = new Set(['secret', 'token', 'client_secret', 'password']);
const REDACTED = '[redacted]';

/**
 * The configuration as it takes effect, as YAML: defaults filled in and marked, substituted values with the variable
 * they came from, secrets redacted.
 */
export function showConfig(file: CheckedFile): string {
  const document = new Document(redact(file.settings));
  visit(document, {
    Scalar(key, node, parents) {
      if (key === 'key') return;
      const path = pathOf([...parents, node]);
      const variables = file.source.variablesOf(path);
      if (variables.length > 0) node.comment = ` from ${variables.join(', ')}`;
      else if (valueAt(file.source.root, path) === undefined) node.comment = ' default';
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** The same as a value, for `--json`: settings in the shape of the file, secrets redacted. */
export function redact(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((inner: unknown) => redact(inner));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redact(inner, name)]));
  }
  if (typeof value !== 'string') return value;
  if (SECRET_KEYS.has(key)) return REDACTED;
  return key === 'url' && /^https?:/i.test(value) ? originOf(value) : withoutPassword(value);
}

/** Addresses of providers and webhooks are often secrets themselves by what follows the host: that alone is shown. */
function originOf(text: string): string {
  if (!URL.canParse(text)) return REDACTED;
  const { origin, pathname, search } = new URL(text);
  return pathname === '/' && search === '' ? origin : `${origin}/${REDACTED}`;
}

/** Database and queue addresses may hold a password before the host and in their query string. */
function withoutPassword(text: string): string {
  if (!/^(postgres|postgresql|redis|rediss):/i.test(text) || !URL.canParse(text)) return text;
  const url = new URL(text);
  const password = url.password === '' ? '' : `:${REDACTED}`;
  const user = url.username === '' && password === '' ? '' : `${url.username}${password}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}${url.search === '' ? '' : `?${REDACTED}`}`;
}

function pathOf(chain: readonly unknown[]): SettingPath {
  const path: (string | number)[] = [];
  for (const [index, node] of chain.entries()) {
    const next = chain[index + 1];
    if (isSeq(node)) path.push(node.items.indexOf(next));
    else if (isMap(node) && isPair(next) && isScalar(next.key)) path.push(String(next.key.value));
  }
  return path;
}
