/** Data types of RFC 7643 section 2.3 that the served schemas use. */
export type AttributeType = 'string' | 'boolean' | 'dateTime' | 'binary' | 'reference' | 'complex';

/** The characteristics of an attribute (RFC 7643 section 7). */
export interface AttributeDefinition {
  readonly name: string;
  readonly type: AttributeType;
  readonly multiValued: boolean;
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: 'readOnly' | 'readWrite' | 'immutable' | 'writeOnly';
  readonly returned: 'always' | 'never' | 'default' | 'request';
  readonly uniqueness: 'none' | 'server' | 'global';
  readonly canonicalValues: readonly string[];
  readonly referenceTypes: readonly string[];
  /** Sub-attributes by lower-case name: attribute names are case-insensitive (RFC 7643 section 2.1). */
  readonly subAttributes: ReadonlyMap<string, AttributeDefinition>;
}

/** Attributes by lower-case name. */
export type AttributeTable = ReadonlyMap<string, AttributeDefinition>;

type Characteristics = Partial<Omit<AttributeDefinition, 'name' | 'subAttributes'>>;

/** Builds a lookup by lower-case name from a list of definitions. */
export function attributeTable(definitions: readonly AttributeDefinition[]): AttributeTable {
  return new Map(definitions.map((definition) => [definition.name.toLowerCase(), definition]));
}

/** An attribute with the defaults of RFC 7643 section 2.2, except what is given. */
export function attribute(
  name: string,
  characteristics: Characteristics = {},
  subAttributes: readonly AttributeDefinition[] = [],
): AttributeDefinition {
  return {
    name,
    type: 'string',
    multiValued: false,
    required: false,
    caseExact: false,
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    canonicalValues: [],
    referenceTypes: [],
    ...characteristics,
    subAttributes: attributeTable(subAttributes),
  };
}

/** A list of `{value, display, type, primary}`, the default shape of RFC 7643 section 2.4. */
export function pluralAttribute(
  name: string,
  types: readonly string[],
  value: Characteristics = {},
): AttributeDefinition {
  return attribute(name, { type: 'complex', multiValued: true }, [
    attribute('value', value),
    attribute('display'),
    attribute('type', { canonicalValues: types }),
    attribute('primary', { type: 'boolean' }),
  ]);
}
