import {
  ConflictError,
  type FailureCode,
  type FailureFacts,
  type HeadgateError,
  InDoubtError,
  NotFoundError,
  ThrottledError,
  TransientError,
  UnauthorizedError,
} from './errors.ts';

const ASK_SUPPORT = 'If it stays so, give the request id to the support of the service provider.';
const PROBE = 'Check the profile of the connection: headgate probe shows what the provider really does.';

/**
 * What to do about each failure, by the name Entra gives it (Learn: howto-analyze-provisioning-logs), so that admins can look
 * it up. The names are Entra's; the advice is ours. How it is tried again says who shows it: that is another command for an escrow
 * than for a migration.
 */
const REMEDIES: Readonly<Record<FailureCode, string>> = {
  Conflict: `Somebody else keeps changing the same resource at the provider: nothing to do at first. ${ASK_SUPPORT}`,
  EntryConflict:
    'The provider has something else with the same name or e-mail address, perhaps deleted or hidden: find it there and rename one of the two, or let the mapping match it if it is the same.',
  TooManyRequests: 'Nothing to do: it is sent again as soon as the provider allows.',
  InternalServerError: `The provider has trouble of its own: see its status page. What may have been done is read before anything is sent again, by itself. ${ASK_SUPPORT}`,
  Timeout:
    'No answer came: check that the provider is up and can be reached from here. What may have been done is read before anything is sent again, by itself.',
  Unauthorized: 'The credential is wrong, expired or revoked: install a new one with headgate token rotate.',
  InsufficientRights:
    'The credential is valid but may not do this: give its owner the right to manage users and groups by SCIM, or see whether the provider guards this one object.',
  MethodNotAllowed: `The provider does not take this kind of request here. ${PROBE}`,
  NotImplemented: `The provider does not offer what was asked for. ${PROBE}`,
  NotPermitted:
    'The provider lets nobody change one of these attributes: take it out of the mapping, or map it for new accounts only.',
  UnprocessableEntity:
    'The provider understood and refuses a value: read its words, mend the value in the directory or the mapping.',
  MandatoryFieldsMissing:
    'The provider needs an attribute that was empty or not sent: fill it in the directory, or give the mapping a default for it.',
  SchemaAttributeNotFound:
    'The provider does not know one of these attributes, or what a path points at: take it out of the mapping or correct its path.',
  SchemaPropertyCanOnlyAcceptValue: 'The provider takes one value where several were sent: let the mapping send one.',
  InvalidDomain:
    'The provider does not accept the domain of an address: allow the domain there, or correct the address in the directory.',
  LicenseLimitExceeded: 'The provider has no licence or seat left: buy more or free some there.',
  DuplicateTargetEntries:
    'Several objects at the provider have the value it is matched by: keep the right one there and rename or delete the others.',
  InvalidAnchor:
    'What was linked is not at the provider any more: nothing to do, the next cycle matches it anew or creates it. See who deletes there if it happens again.',
  SystemForCrossDomainIdentityManagementMultipleEntriesInResponse:
    'The provider answers with more than was asked for: match by an attribute that is unique there.',
  SystemForCrossDomainIdentityManagementServiceIncompatible: `The provider does not understand this form of request, or answers in one that is not SCIM. ${PROBE}`,
  WebExceptionProtocolError: `The provider refuses the request: read its words, mend what they name in the directory or the mapping. ${ASK_SUPPORT}`,
};

const INCOMPATIBLE = 'SystemForCrossDomainIdentityManagementServiceIncompatible';

/** RFC 7644 table 9, where it says more than the status. */
const BY_SCIM_TYPE: Readonly<Record<string, FailureCode>> = {
  invalidPath: 'SchemaAttributeNotFound',
  noTarget: 'SchemaAttributeNotFound',
  tooMany: 'SystemForCrossDomainIdentityManagementMultipleEntriesInResponse',
  mutability: 'NotPermitted',
  invalidSyntax: INCOMPATIBLE,
  invalidFilter: INCOMPATIBLE,
  invalidVers: INCOMPATIBLE,
  versionMismatch: 'Conflict',
};

/** Providers answer 400 to nearly everything; their words tell more. Read for the name alone: nothing is decided by it. */
const BY_WORDS: readonly (readonly [FailureCode, ...RegExp[]])[] = [
  ['LicenseLimitExceeded', /licen[cs]e|\bseats?\b/i, /limit|exceed|available|left|enough|insufficient|maximum|\bno\b/i],
  ['InvalidDomain', /\bdomain/i, /invalid|unverified|\bnot\b|unknown/i],
  ['SchemaPropertyCanOnlyAcceptValue', /\b(only|at most) (one|a single)\b|single[- ]valued?/i],
  [
    'SchemaAttributeNotFound',
    /attribute|property|field/i,
    /unknown|unrecogni[sz]ed|unsupported|does not exist|undefined/i,
  ],
  [
    'MandatoryFieldsMissing',
    /\brequired\b|mandatory|\bmissing\b|(must not|cannot|can't|may not) be (empty|blank|null)/i,
  ],
];

const BY_STATUS: Readonly<Record<number, FailureCode>> = {
  402: 'LicenseLimitExceeded',
  403: 'InsufficientRights',
  405: 'MethodNotAllowed',
  406: INCOMPATIBLE,
  412: 'Conflict',
  415: INCOMPATIBLE,
  422: 'UnprocessableEntity',
  428: 'Conflict',
  501: 'NotImplemented',
};

function codeInWords({ status, detail }: FailureFacts): FailureCode | undefined {
  if (detail === undefined || (status !== 400 && status !== 422)) return undefined;
  return BY_WORDS.find(([, ...patterns]) => patterns.every((pattern) => pattern.test(detail)))?.[0];
}

/** Entra's name for a refusal of one object, and what to do about it. Pure. */
export function refusalOf(facts: FailureFacts): { readonly code: FailureCode; readonly remedy: string } {
  const { status, scimType } = facts;
  const code =
    facts.code ??
    (scimType === undefined ? undefined : BY_SCIM_TYPE[scimType]) ??
    codeInWords(facts) ??
    (scimType === 'invalidValue' ? 'UnprocessableEntity' : undefined) ??
    (status === undefined ? undefined : BY_STATUS[status]) ??
    'WebExceptionProtocolError';
  return { code, remedy: remedyFor(code, facts) };
}

const TOO_LARGE =
  'The request was too large for the provider: let the profile of the connection send fewer members at a time (groups.membersPerPatch), or take large attributes out of the mapping.';

function remedyFor(code: FailureCode, { status }: FailureFacts): string {
  return status === 413 ? TOO_LARGE : REMEDIES[code];
}

function codeOf(error: HeadgateError): FailureCode {
  const { status, noAnswer, code } = error.facts;
  if (code !== undefined) return code;
  if (error instanceof ConflictError) return 'EntryConflict';
  if (error instanceof NotFoundError) return 'InvalidAnchor';
  if (error instanceof ThrottledError) return 'TooManyRequests';
  if (error instanceof UnauthorizedError && status !== 403) return 'Unauthorized';
  if (noAnswer === true) return 'Timeout';
  if (error instanceof InDoubtError || error instanceof TransientError) return 'InternalServerError';
  return refusalOf(error.facts).code;
}

/** Entra's name for a failure and what to do about it: the advice of who knows more about this one stands. Pure. */
export function adviceOn(error: HeadgateError): { readonly code: FailureCode; readonly remedy: string } {
  const code = codeOf(error);
  return { code, remedy: error.facts.remedy ?? remedyFor(code, error.facts) };
}
