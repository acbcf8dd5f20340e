import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Caller } from '../graph/call.ts';
import { GraphRefusal } from '../graph/refusal.ts';
import type { RegisteredApplication } from './applications.ts';

export interface IssuedToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
}

export interface AccessTokens {
  issue(application: RegisteredApplication, audience: string): IssuedToken;
  /** Who the bearer of an Authorization header is. Throws Graph's 401. */
  requireCaller(authorization: string | undefined): Caller;
  /** Makes every token given out so far worthless, of one application or of all. */
  revoke(clientId?: string): void;
  setLifetime(seconds: number): void;
}

const CLAIMS = z.looseObject({
  appid: z.string(),
  roles: z.array(z.string()),
  nbf: z.number(),
  exp: z.number(),
  serial: z.number(),
});

function unauthenticated(message: string): GraphRefusal {
  return new GraphRefusal(401, 'InvalidAuthenticationToken', message, {
    'www-authenticate':
      'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"',
  });
}

/** Signed tokens that only this tenant can read; a client must treat them as opaque, as with the real ones. */
export function createAccessTokens(tenantId: string, now: () => number, initialLifetime: number): AccessTokens {
  const key = randomBytes(32);
  const revokedUpTo = new Map<string, number>();
  let lifetime = initialLifetime;
  let serial = 0;
  let allRevokedUpTo = 0;

  function sign(text: string): Buffer {
    return createHmac('sha256', key).update(text).digest();
  }

  function encode(value: object): string {
    return Buffer.from(JSON.stringify(value)).toString('base64url');
  }

  function claimsOf(token: string): z.infer<typeof CLAIMS> | undefined {
    const [head = '', body = '', signature = ''] = token.split('.');
    const expected = sign(`${head}.${body}`);
    const actual = Buffer.from(signature, 'base64url');
    if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return undefined;
    return CLAIMS.parse(JSON.parse(Buffer.from(body, 'base64url').toString()));
  }

  return {
    issue({ clientId, permissions }, audience) {
      serial += 1;
      const seconds = Math.floor(now() / 1000);
      const times = { iat: seconds, nbf: seconds, exp: seconds + lifetime };
      const claims = { aud: audience, iss: `https://sts.windows.net/${tenantId}/`, ...times, tid: tenantId };
      const head = encode({ typ: 'JWT', alg: 'HS256' });
      const body = encode({ ...claims, appid: clientId, idtyp: 'app', roles: permissions, serial });
      const accessToken = `${head}.${body}.${sign(`${head}.${body}`).toString('base64url')}`;
      return { accessToken, expiresInSeconds: lifetime };
    },
    requireCaller(authorization) {
      const [scheme, token] = (authorization ?? '').split(' ');
      if (scheme?.toLowerCase() !== 'bearer' || token === undefined || token === '') {
        throw unauthenticated('Access token is empty.');
      }
      const claims = claimsOf(token);
      if (claims === undefined) throw unauthenticated('Access token validation failure. Invalid signature.');
      const revoked = Math.max(allRevokedUpTo, revokedUpTo.get(claims.appid) ?? 0);
      if (claims.serial <= revoked) throw unauthenticated('Access token has been revoked.');
      if (claims.exp <= now() / 1000) throw unauthenticated('Access token has expired or is not yet valid.');
      return { clientId: claims.appid, roles: new Set(claims.roles) };
    },
    revoke(clientId) {
      if (clientId === undefined) allRevokedUpTo = serial;
      else revokedUpTo.set(clientId, serial);
    },
    setLifetime(seconds) {
      lifetime = seconds;
    },
  };
}
