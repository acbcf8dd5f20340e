import { constants, createHash, verify, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { RegisteredApplication } from './applications.ts';
import { invalidClient } from './refusal.ts';

const HEADER = z.looseObject({
  alg: z.enum(['RS256', 'PS256']),
  'x5t#S256': z.string().optional(),
  x5t: z.string().optional(),
});

const CLAIMS = z.looseObject({
  iss: z.string(),
  sub: z.string(),
  aud: z.string(),
  exp: z.number(),
  nbf: z.number().optional(),
});

interface Assertion {
  readonly header: z.infer<typeof HEADER>;
  readonly claims: z.infer<typeof CLAIMS>;
  readonly signed: string;
  readonly signature: Buffer;
}

function decodePart(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}

function parseAssertion(jwt: string): Assertion {
  const [head = '', body = '', signature = '', ...rest] = jwt.split('.');
  const header = HEADER.safeParse(decodePart(head));
  const claims = CLAIMS.safeParse(decodePart(body));
  if (!header.success || !claims.success || rest.length > 0) {
    throw invalidClient(50027, 'JWT token is invalid or malformed.');
  }
  const bytes = Buffer.from(signature, 'base64url');
  return { header: header.data, claims: claims.data, signed: `${head}.${body}`, signature: bytes };
}

function signedBy(assertion: Assertion, key: string | X509Certificate['publicKey']): boolean {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const input = typeof key === 'string' ? { key } : { key };
  const options = assertion.header.alg === 'PS256' ? { ...input, ...pss } : input;
  return verify('sha256', Buffer.from(assertion.signed), options, assertion.signature);
}

/** The registered certificate the header names by thumbprint. SHA-1 is still taken, as Entra does. */
function namedCertificate(assertion: Assertion, application: RegisteredApplication): X509Certificate | undefined {
  const { 'x5t#S256': sha256, x5t: sha1 } = assertion.header;
  const [algorithm, wanted] = sha256 === undefined ? (['sha1', sha1] as const) : (['sha256', sha256] as const);
  return application.certificates
    .map((pem) => new X509Certificate(pem))
    .find((certificate) => createHash(algorithm).update(certificate.raw).digest('base64url') === wanted);
}

function requireTimely(assertion: Assertion, now: number): void {
  const seconds = now / 1000;
  const { exp, nbf } = assertion.claims;
  if (exp <= seconds || (nbf !== undefined && nbf > seconds + 300)) {
    throw invalidClient(700024, 'Client assertion is not within its valid time range.');
  }
}

function verifyCertificate(
  assertion: Assertion,
  application: RegisteredApplication,
  audiences: readonly string[],
): void {
  const certificate = namedCertificate(assertion, application);
  if (certificate === undefined || !signedBy(assertion, certificate.publicKey)) {
    const reason =
      certificate === undefined ? 'The key was not found.' : 'The key was found, but the signature is wrong.';
    throw invalidClient(
      700027,
      `The certificate used to sign the client assertion is not registered on application. ${reason}`,
    );
  }
  const { iss, sub, aud } = assertion.claims;
  if (iss !== application.clientId || sub !== application.clientId) {
    throw invalidClient(700021, "Client assertion application identifier doesn't match 'client_id' parameter.");
  }
  if (!audiences.includes(aud)) {
    throw invalidClient(700023, 'Client assertion audience claim does not match Realm issuer.');
  }
}

function verifyFederated(assertion: Assertion, application: RegisteredApplication): void {
  const { iss, sub, aud } = assertion.claims;
  const byIssuer = application.federated.filter((credential) => credential.issuer === iss);
  const bySubject = byIssuer.filter((credential) => credential.subject === sub);
  const trusted = bySubject.find((credential) => credential.audience === aud);
  const missing = 'No matching federated identity record found for presented assertion';
  if (byIssuer.length === 0) throw invalidClient(700211, `${missing} issuer '${iss}'.`);
  if (bySubject.length === 0) throw invalidClient(700213, `${missing} subject '${sub}'.`);
  if (trusted === undefined) throw invalidClient(700212, `${missing} audience '${aud}'.`);
  if (trusted.publicKey !== undefined && !signedBy(assertion, trusted.publicKey)) {
    throw invalidClient(700027, 'Client assertion failed signature validation.');
  }
}

/**
 * Verifies a `client_assertion` (RFC 7523): one that names a certificate must be signed by it, any other is a federated
 * token, of which issuer, subject and audience must be registered. Throws LoginRefusal.
 */
export function verifyAssertion(
  jwt: string,
  application: RegisteredApplication,
  audiences: readonly string[],
  now: number,
): void {
  const assertion = parseAssertion(jwt);
  requireTimely(assertion, now);
  const certified = assertion.header['x5t#S256'] !== undefined || assertion.header.x5t !== undefined;
  if (certified) verifyCertificate(assertion, application, audiences);
  else verifyFederated(assertion, application);
}
