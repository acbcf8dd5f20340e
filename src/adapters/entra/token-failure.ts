import { AuthError, ServerError } from '@azure/msal-node';
import { isHeadgateError, TransientError, UnauthorizedError, type HeadgateError } from '../../core/errors.ts';

interface Identity {
  readonly tenant: string;
  readonly client: string;
}

/**
 * What to do about the refusals an operator can mend, by AADSTS number.
 * Source: learn.microsoft.com/entra/identity-platform/reference-error-codes.
 */
const REMEDIES: Readonly<Record<number, (identity: Identity) => string>> = {
  7000215: ({ client }) =>
    `The client secret is wrong. Create a secret for application ${client} and store its value, not its id, where directory.credential points.`,
  7000222: ({ client }) =>
    `The client secret has expired. Create a new one for application ${client} and store its value.`,
  7000216: () => 'No usable credential was sent. Check directory.credential.',
  700016: ({ client, tenant }) =>
    `Application ${client} is not in tenant ${tenant}. Check directory.client and directory.tenant.`,
  900021: ({ tenant }) => `${tenant} is not a tenant. Check directory.tenant.`,
  90002: ({ tenant }) => `Tenant ${tenant} was not found. Check directory.tenant and directory.cloud.`,
  900023: ({ tenant }) => `${tenant} is not a tenant. Check directory.tenant.`,
  700027: ({ client }) =>
    `The certificate is not registered with application ${client}, or its key does not match. Upload the certificate again.`,
  700024: () => 'The assertion is outside its validity. Check the clock of this machine.',
  700021: () => 'The assertion is outside its validity. Check the clock of this machine.',
  70021: ({ client }) =>
    `No federated identity credential of application ${client} matches the token. Compare issuer, subject and audience.`,
  700211: ({ client }) => `No federated identity credential of application ${client} has this issuer.`,
  700212: ({ client }) => `No federated identity credential of application ${client} has this audience.`,
  700213: ({ client }) => `No federated identity credential of application ${client} has this subject.`,
  7000112: ({ client }) => `Application ${client} is disabled. Enable it in the tenant.`,
  53003: () => 'A conditional access policy for workload identities blocks this sign-in.',
};

/** Numbers that mean "again later" (AADSTS90033 service unavailable, 50196 loop protection, 90024 budget exceeded). */
const TRANSIENT = new Set([90033, 50196, 90024, 90006]);

/**
 * The error of the family for a token that was not given. msal's message is left behind: only the AADSTS number, the
 * OAuth error code and the trace id come along, so that no secret can.
 */
export function tokenFailure(error: unknown, identity: Identity): HeadgateError {
  if (isHeadgateError(error)) return error;
  if (!(error instanceof AuthError)) {
    return new UnauthorizedError('No access token could be made from directory.credential.', {
      cause: plainCause(error),
      remedy: 'Check directory.credential.',
    });
  }
  const number = aadstsNumber(error);
  const status = error instanceof ServerError ? error.status : undefined;
  const trace = /Trace ID: ([\w-]{8,64})/u.exec(error.errorMessage)?.[1];
  const told = number === undefined ? code(error.errorCode) : `AADSTS${number}`;
  const facts = {
    ...(status === undefined ? {} : { status }),
    ...(trace === undefined ? {} : { requestId: trace }),
  };
  if ((status !== undefined && (status >= 500 || status === 429)) || (number !== undefined && TRANSIENT.has(number))) {
    return new TransientError(`The login service gave no token (${told}).`, facts);
  }
  return new UnauthorizedError(`The login service refused application ${identity.client} a token (${told}).`, {
    ...facts,
    remedy:
      (number === undefined ? undefined : REMEDIES[number]?.(identity)) ??
      'Look the code up in the list of Entra authentication errors; check directory.tenant, client and credential.',
  });
}

function aadstsNumber(error: AuthError): number | undefined {
  const text = /AADSTS(\d{4,8})/u.exec(error.errorMessage)?.[1];
  return text === undefined ? undefined : Number(text);
}

function code(text: string): string {
  return /^[\w.-]{1,60}$/u.test(text) ? text : 'no code';
}

/** Name and Node code of an unforeseen failure, such as a secret file that cannot be read. */
function plainCause(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
