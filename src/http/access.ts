import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { Log } from '../ports/log.ts';
import { sendProblem, whereOf } from './failure.ts';
import type { ApiToken } from './options.ts';
import { problem } from './problem.ts';

/**
 * Refuses requests addressed to a name that is not ours, so that a web site whose name was made to point here cannot use a
 * browser to talk to us (DNS rebinding). An IP address is no name and cannot be rebound.
 */
export function requireKnownHost(hosts: readonly string[]): onRequestAsyncHookHandler {
  const known = new Set(hosts.map((host) => host.toLowerCase()));
  return async (request, reply) => {
    const name = hostName(request.headers.host ?? '');
    if (name !== undefined && (isLoopbackName(name) || isIP(name) !== 0 || known.has(name))) return undefined;
    return sendProblem(
      reply,
      problem(421, 'unknown-host', 'The Host header names a host that this server does not answer for.', {
        remedy: 'Use localhost or the configured http.host.',
      }),
    );
  };
}

function hostName(header: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header);
  return (match?.[1] ?? match?.[2])?.toLowerCase().replace(/\.$/, '');
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

/**
 * Refuses writes that a page of another site could have caused: browsers send no JSON across sites without asking first,
 * and say in Sec-Fetch-Site where a request comes from.
 */
export async function refuseForeignWrites(
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  if (request.method === 'GET' || request.method === 'HEAD') return undefined;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return sendProblem(reply, problem(403, 'foreign-site', 'Changes are not accepted from pages of other sites.'));
  }
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json') return undefined;
  return sendProblem(
    reply,
    problem(415, 'media-type', 'Changes must be requested with Content-Type: application/json.', {
      remedy: 'Send the header, also when the body is empty.',
    }),
  );
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address.replace(/^::ffff:/, '').startsWith('127.');
}

/** Tells whether a request may see and do everything. */
export type Authorise = (request: FastifyRequest) => Promise<'allowed' | 'refused' | 'not-from-here'>;

/**
 * Bearer token (RFC 6750), or Basic with the token as password (RFC 7617) so that a browser can open the pages. Without a
 * configured token only this machine itself is served.
 */
export function createAuthorise(token: ApiToken | undefined): Authorise {
  return async (request) => {
    if (token === undefined) return isLoopbackAddress(request.socket.remoteAddress ?? '') ? 'allowed' : 'not-from-here';
    const given = presentedToken(request.headers.authorization ?? '');
    if (given === undefined) return 'refused';
    const expected = await token.read();
    return expected !== '' && sameText(given, expected) ? 'allowed' : 'refused';
  };
}

function presentedToken(header: string): string | undefined {
  const [, scheme, value] = /^(Bearer|Basic) +(\S+)$/i.exec(header) ?? [];
  if (scheme === undefined || value === undefined) return undefined;
  if (scheme.toLowerCase() === 'bearer') return value;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? undefined : pair.slice(colon + 1);
}

/** Digests have one length, so neither the length nor the first difference shows in the time taken. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Lets only authorised requests pass. `browser` asks for the token with a prompt. */
export function requireToken(
  authorise: Authorise,
  log: Log,
  audience: 'browser' | 'program',
): onRequestAsyncHookHandler {
  return async (request, reply) => {
    const answer = await authorise(request).catch((cause: unknown) => {
      log.error({ err: cause }, 'the API token cannot be read');
      return 'unreadable' as const;
    });
    switch (answer) {
      case 'allowed':
        return undefined;
      case 'refused':
        log.warn(
          { ...whereOf(request), from: request.socket.remoteAddress },
          'request without a valid API token refused',
        );
        void reply.header('www-authenticate', challenge(audience));
        return sendProblem(
          reply,
          problem(401, 'token-required', 'This needs the API token.', {
            remedy: 'Send Authorization: Bearer with the content of http.token_file; in a browser give it as password.',
          }),
        );
      case 'not-from-here':
        return sendProblem(
          reply,
          problem(403, 'no-token-configured', 'No API token is configured, so only this machine itself is served.', {
            remedy: 'Configure http.token_file.',
          }),
        );
      case 'unreadable':
        return sendProblem(
          reply,
          problem(503, 'token-unreadable', 'The API token cannot be read, so nobody can be let in.', {
            remedy: 'See the log for the file, and mend it; no restart is needed.',
          }),
        );
      default:
        return answer satisfies never;
    }
  };
}

function challenge(audience: 'browser' | 'program'): string {
  return audience === 'browser' ? 'Basic realm="headgate", charset="UTF-8"' : 'Bearer realm="headgate"';
}
