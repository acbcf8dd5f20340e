import { StartupError } from '../../core/errors.ts';

/**
 * A URL a secret may be sent to: https, or http on loopback, without user and password (RFC 7644 section 7).
 * Throws StartupError naming the setting, never the value.
 */
export function safeUrl(text: string, setting: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined)
    throw new StartupError(`${setting} is not a URL`, { remedy: 'Write it in full, with https://.' });
  if (url.username !== '' || url.password !== '') {
    throw new StartupError(`${setting} contains a user name or password`, {
      remedy: 'Take them out of the URL and configure a credential.',
    });
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) return url;
  throw new StartupError(`${setting} must begin with https://; plain http is allowed on loopback only`, {
    remedy: 'Use the https address of the provider.',
  });
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
