import { URN } from './scim.ts';

export type AttributeType = 'string' | 'boolean' | 'integer' | 'reference' | 'binary' | 'complex';

/** How the values of an attribute are compared beyond plain equality; see `diff.ts` for the reasons. */
export type Comparison = 'exact' | 'user-name' | 'email' | 'phone';

/** What a client must know of one SCIM attribute (RFC 7643 section 7). */
export interface AttributeShape {
  /** The name in canonical case. */
  readonly name: string;
  readonly type: AttributeType;
  readonly multiValued: boolean;
  readonly comparison: Comparison;
  /** Sub-attributes by lower-case name; empty for a simple attribute. */
  readonly subAttributes: ReadonlyMap<string, AttributeShape>;
}

type Subs = Readonly<Record<string, AttributeType>>;

const NO_SUBS: ReadonlyMap<string, AttributeShape> = new Map();

function simple(name: string, type: AttributeType, comparison: Comparison = 'exact'): AttributeShape {
  return { name, type, multiValued: false, comparison, subAttributes: NO_SUBS };
}

function complex(name: string, subs: Subs, multiValued: boolean, comparison: Comparison = 'exact'): AttributeShape {
  const subAttributes = new Map<string, AttributeShape>();
  for (const [sub, type] of Object.entries(subs)) {
    subAttributes.set(sub.toLowerCase(), simple(sub, type, sub === 'value' ? comparison : 'exact'));
  }
  return { name, type: 'complex', multiValued, comparison, subAttributes };
}

/** The default sub-attributes of RFC 7643 section 2.4, with the type the `value` has in section 8.7.1. */
function entries(name: string, value: AttributeType = 'string', comparison: Comparison = 'exact'): AttributeShape {
  const subs: Subs = {
    value,
    display: 'string',
    type: 'string',
    primary: 'boolean',
    $ref: 'reference',
    ...(name === 'addresses' ? ADDRESS : {}),
  };
  return complex(name, subs, true, comparison);
}

const ADDRESS: Subs = {
  formatted: 'string',
  streetAddress: 'string',
  locality: 'string',
  region: 'string',
  postalCode: 'string',
  country: 'string',
};

const NAME: Subs = {
  formatted: 'string',
  familyName: 'string',
  givenName: 'string',
  middleName: 'string',
  honorificPrefix: 'string',
  honorificSuffix: 'string',
};

const META: Subs = {
  resourceType: 'string',
  created: 'string',
  lastModified: 'string',
  location: 'reference',
  version: 'string',
};

function byName(shapes: readonly AttributeShape[]): ReadonlyMap<string, AttributeShape> {
  return new Map(shapes.map((shape) => [shape.name.toLowerCase(), shape]));
}

/** Attributes of the core User and Group schemas in one table: their names never disagree. */
const CORE = byName([
  simple('id', 'string'),
  simple('externalId', 'string'),
  complex('meta', META, false),
  simple('userName', 'string', 'user-name'),
  complex('name', NAME, false),
  ...['displayName', 'nickName', 'title', 'userType', 'preferredLanguage', 'locale', 'timezone', 'password'].map(
    (name) => simple(name, 'string'),
  ),
  simple('profileUrl', 'reference'),
  simple('active', 'boolean'),
  entries('emails', 'string', 'email'),
  entries('phoneNumbers', 'string', 'phone'),
  entries('ims'),
  entries('photos', 'reference'),
  entries('addresses'),
  entries('groups'),
  entries('members'),
  entries('entitlements'),
  entries('roles'),
  entries('x509Certificates', 'binary'),
]);

const ENTERPRISE = byName([
  ...['employeeNumber', 'costCenter', 'organization', 'division', 'department'].map((name) => simple(name, 'string')),
  complex('manager', { value: 'string', $ref: 'reference', displayName: 'string' }, false),
]);

const URNS: ReadonlyMap<string, string> = new Map(Object.values(URN).map((urn) => [urn.toLowerCase(), urn]));

/** A URN in the spelling of the RFC where it is a known one, else as given. URNs are compared without case. */
export function canonicalUrn(urn: string): string {
  return URNS.get(urn.toLowerCase()) ?? urn;
}

/**
 * The shape of an attribute of RFC 7643, by canonical URN (null for the core schemas) and a name in any case.
 * Undefined for attributes of other schemas, about which nothing is assumed.
 */
export function attributeShape(urn: string | null, name: string): AttributeShape | undefined {
  if (urn === null) return CORE.get(name.toLowerCase());
  return urn === URN.enterpriseUser ? ENTERPRISE.get(name.toLowerCase()) : undefined;
}

/** Names of the attributes of RFC 7643: of the core schemas (null) or of the enterprise extension. */
export function attributeNames(urn: string | null): readonly string[] {
  return [...(urn === null ? CORE : ENTERPRISE).values()].map(({ name }) => name);
}
