import type { JsonObject } from '../../core/scim.ts';
import type { TenantUser } from './model.ts';
import { CITIES, DEPARTMENTS, DISPLAY_SUFFIXES, GIVEN_NAMES, JOB_TITLES, SURNAMES, type Name } from './names.ts';
import type { Random } from './random.ts';

interface UserPlan {
  readonly count: number;
  readonly domain: string;
  readonly founded: string;
}

/** Each manager has about this many reports. */
const SPAN_OF_CONTROL = 8;

interface Address {
  readonly mailNickname: string;
  readonly userPrincipalName: string;
  readonly mail: string;
}

/**
 * Addresses that are unique as userPrincipalName while their mailNickname collides: the second Ada Lovelace gets the
 * same nickname in the second domain, the third one a number.
 */
function createAddresses(domain: string): (given: Name, surname: Name) => Address {
  const taken = new Map<string, number>();
  return (given, surname) => {
    const nickname = `${given.ascii}.${surname.ascii}`;
    const before = taken.get(nickname) ?? 0;
    taken.set(nickname, before + 1);
    const mailNickname = before < 2 ? nickname : `${nickname}${before}`;
    const address = `${mailNickname}@${before === 1 ? 'emea.' : ''}${domain}`;
    return { mailNickname, userPrincipalName: address, mail: address };
  };
}

function guestAddress(address: Address, domain: string): Address {
  const home = `${address.userPrincipalName.split('@')[0] ?? ''}@partner.example`;
  const local = `${home.replace('@', '_')}_${domain.replaceAll('.', '-')}`;
  return { ...address, mail: home, userPrincipalName: `${local}#EXT#@contoso.onmicrosoft.example` };
}

/** Users in a fixed order; the first ones are the top of the management tree. */
export function generateUsers(random: Random, plan: UserPlan): TenantUser[] {
  const addressOf = createAddresses(plan.domain);
  const users: TenantUser[] = [];
  for (let index = 0; index < plan.count; index += 1) {
    const given = random.pick(GIVEN_NAMES);
    const surname = random.pick(SURNAMES);
    const guest = oneOf(random, index, 9, 0.02);
    const address = addressOf(given, surname);
    const user = person(random, plan, index, { given, surname }, guest ? guestAddress(address, plan.domain) : address);
    const special = specialProperties(random, index, guest, address);
    // A few people report to nobody; nobody reports to a person further down.
    const manager = index === 0 || random.chance(0.03) ? undefined : users[Math.floor((index - 1) / SPAN_OF_CONTROL)];
    const properties = special === undefined ? user : { ...user, ...special };
    users.push({ id: random.guid(), managerId: manager?.id ?? null, properties });
  }
  return users;
}

/** One user in forty at a fixed place, so that the smallest company has every kind, and some more by chance. */
function oneOf(random: Random, index: number, place: number, more: number): boolean {
  return index % 40 === place || random.chance(more);
}

/** One object literal for all, so that 200,000 users share a hidden class: a third of the memory and of the time. */
function person(
  random: Random,
  plan: UserPlan,
  index: number,
  name: { readonly given: Name; readonly surname: Name },
  address: Address,
): JsonObject {
  const { city, country, code, postalCode } = random.pick(CITIES);
  const phone = 10000000 + random.int(89999999);
  const suffix = oneOf(random, index, 15, 0.01) ? random.pick(DISPLAY_SUFFIXES) : '';
  return {
    userPrincipalName: address.userPrincipalName,
    displayName: `${name.given.written} ${name.surname.written}${suffix}`,
    givenName: random.chance(0.01) ? null : name.given.written,
    surname: random.chance(0.01) ? null : name.surname.written,
    mail: random.chance(0.02) ? null : address.mail,
    mailNickname: address.mailNickname,
    accountEnabled: !oneOf(random, index, 11, 0.01),
    userType: 'Member',
    createdDateTime: plan.founded,
    jobTitle: random.pick(JOB_TITLES),
    department: random.pick(DEPARTMENTS),
    companyName: 'Contoso',
    employeeId: random.chance(0.05) ? null : `E${String(index + 1).padStart(7, '0')}`,
    mobilePhone: random.chance(0.5) ? `+45 ${phone}` : null,
    businessPhones: random.chance(0.6) ? [`+45 ${phone + 1}`] : NO_PHONES,
    officeLocation: random.pick(OFFICES),
    city,
    country,
    postalCode,
    usageLocation: code,
    preferredLanguage: 'en-GB',
  };
}

const NO_PHONES: readonly string[] = [];
const OFFICES = Array.from({ length: 20 }, (_, floor) => `HQ-${floor + 1}`);

const GUEST = {
  userType: 'Guest',
  creationType: 'Invitation',
  externalUserState: 'Accepted',
  externalUserStateChangeDateTime: '2024-06-01T12:00:00Z',
} as const;

/** What guests and people mastered on-premises have and others have not. */
function specialProperties(random: Random, index: number, guest: boolean, address: Address): JsonObject | undefined {
  if (guest) return GUEST;
  if (!oneOf(random, index, 13, 0.08)) return undefined;
  return {
    onPremisesSyncEnabled: true,
    onPremisesLastSyncDateTime: '2026-02-01T03:00:00Z',
    onPremisesImmutableId: Buffer.from(random.guid().replaceAll('-', ''), 'hex').toString('base64'),
    onPremisesSamAccountName: address.mailNickname.slice(0, 20),
    onPremisesDomainName: 'corp.contoso.example',
    onPremisesExtensionAttributes: { extensionAttribute1: `cost-${random.int(100)}`, extensionAttribute2: null },
    employeeOrgData: { costCenter: String(1000 + random.int(9000)), division: 'EMEA' },
  };
}
