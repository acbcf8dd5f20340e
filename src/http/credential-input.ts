import { z } from 'zod';
import { connectionParams, PRINTABLE } from './input.ts';

const person = z.string().trim().min(1).max(200).regex(PRINTABLE, 'control characters are not allowed');

/** A fingerprint or an id, or the beginning of a fingerprint. */
export const credentialParams = z.strictObject({
  reference: z.string().regex(/^[0-9a-f-]{4,36}$/, 'not a fingerprint (at least four hexadecimal digits)'),
});

export const listCredentialsQuery = z.strictObject({ connection: connectionParams.shape.name.optional() });

const owner = z
  .string()
  .max(320)
  .regex(
    /^(service-account|[0-9a-fA-F-]{36}|[^\s@]+@[^\s@]+)$/,
    'not a userPrincipalName, an object id or service-account',
  );

// zod names what is wrong with a secret, never the secret.
const newCredential = {
  secret: z.union([
    z.strictObject({ text: z.string().min(1).max(16_384) }),
    z.strictObject({ file: z.string().min(1).max(4096).regex(PRINTABLE, 'control characters are not allowed') }),
  ]),
  owner: owner.exactOptional(),
  expiresAt: z.int().positive().exactOptional(),
};

export const addCredentialBody = z.strictObject({ ...newCredential, by: person.exactOptional() });

export const rotationBody = z.strictObject({
  added: z.strictObject(newCredential).exactOptional(),
  pause: z.boolean().exactOptional(),
  installed: z.boolean().exactOptional(),
  by: person.exactOptional(),
});

export const actBody = z.strictObject({ by: person.exactOptional() });
export const endBody = z.strictObject({ by: person.exactOptional(), deleted: z.boolean().exactOptional() });
export const ownerBody = z.strictObject({ owner, by: person.exactOptional() });
