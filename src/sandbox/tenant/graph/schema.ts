/** The types of Graph v1.0 the tenant answers with. */
export type GraphType = 'user' | 'group' | 'servicePrincipal' | 'appRoleAssignment' | 'synchronizationJob';

interface TypeSchema {
  /** What the directory holds and `$select` may name. */
  readonly selectable: ReadonlySet<string>;
  /** What is returned without `$select`. */
  readonly defaults: readonly string[];
  /** Collections that are empty where nothing is set; everything else is null. */
  readonly collections: ReadonlySet<string>;
  /** What `$filter` may compare. */
  readonly filterable: ReadonlySet<string>;
  /** Properties of the type that another store holds, so that a directory read refuses to select them. */
  readonly elsewhere: ReadonlySet<string>;
}

function words(list: string): string[] {
  return list.trim().split(/\s+/);
}

function schema(
  parts: Record<'selectable' | 'defaults' | 'collections' | 'filterable' | 'elsewhere', string>,
): TypeSchema {
  return {
    selectable: new Set(words(parts.selectable)),
    defaults: words(parts.defaults),
    collections: new Set(words(parts.collections)),
    filterable: new Set(words(parts.filterable)),
    elsewhere: new Set(words(parts.elsewhere)),
  };
}

const USER = schema({
  selectable: `id deletedDateTime accountEnabled ageGroup assignedLicenses assignedPlans authorizationInfo
    businessPhones city companyName consentProvidedForMinor country createdDateTime creationType department displayName
    employeeHireDate employeeId employeeLeaveDateTime employeeOrgData employeeType externalUserState
    externalUserStateChangeDateTime faxNumber givenName identities imAddresses isManagementRestricted isResourceAccount
    jobTitle lastPasswordChangeDateTime legalAgeGroupClassification licenseAssignmentStates mail mailNickname mobilePhone
    officeLocation onPremisesDistinguishedName onPremisesDomainName onPremisesExtensionAttributes onPremisesImmutableId
    onPremisesLastSyncDateTime onPremisesProvisioningErrors onPremisesSamAccountName onPremisesSecurityIdentifier
    onPremisesSyncEnabled onPremisesUserPrincipalName otherMails passwordPolicies passwordProfile postalCode
    preferredDataLocation preferredLanguage provisionedPlans proxyAddresses securityIdentifier serviceProvisioningErrors
    showInAddressList signInSessionsValidFromDateTime state streetAddress surname usageLocation userPrincipalName userType`,
  defaults: `businessPhones displayName givenName jobTitle mail mobilePhone officeLocation preferredLanguage surname
    userPrincipalName id`,
  collections: `assignedLicenses assignedPlans businessPhones identities imAddresses licenseAssignmentStates
    onPremisesProvisioningErrors otherMails provisionedPlans proxyAddresses serviceProvisioningErrors`,
  filterable: `id accountEnabled city companyName country department displayName employeeId givenName jobTitle mail
    mailNickname onPremisesImmutableId onPremisesSyncEnabled state surname usageLocation userPrincipalName userType`,
  // Exchange, SharePoint, sign-in reports and custom security attributes have stores and permissions of their own.
  elsewhere: `aboutMe birthday customSecurityAttributes deviceEnrollmentLimit hireDate identityParentId interests
    mailboxSettings mySite pastProjects preferredName print responsibilities schools signInActivity skills`,
});

const GROUP = schema({
  selectable: `id deletedDateTime assignedLabels assignedLicenses classification createdDateTime description displayName
    expirationDateTime groupTypes hasMembersWithLicenseErrors infoCatalogs isAssignableToRole isManagementRestricted
    licenseProcessingState mail mailEnabled mailNickname membershipRule membershipRuleProcessingState onPremisesDomainName
    onPremisesExtensionAttributes onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesProvisioningErrors
    onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled organizationId preferredDataLocation
    preferredLanguage proxyAddresses renewedDateTime resourceBehaviorOptions resourceProvisioningOptions securityEnabled
    securityIdentifier serviceProvisioningErrors theme uniqueName visibility`,
  defaults: `id deletedDateTime classification createdDateTime description displayName expirationDateTime groupTypes
    isAssignableToRole mail mailEnabled mailNickname membershipRule membershipRuleProcessingState onPremisesDomainName
    onPremisesLastSyncDateTime onPremisesNetBiosName onPremisesSamAccountName onPremisesSecurityIdentifier
    onPremisesSyncEnabled preferredDataLocation preferredLanguage proxyAddresses renewedDateTime resourceBehaviorOptions
    resourceProvisioningOptions securityEnabled securityIdentifier theme uniqueName visibility
    onPremisesProvisioningErrors serviceProvisioningErrors`,
  collections: `assignedLabels assignedLicenses groupTypes infoCatalogs onPremisesProvisioningErrors proxyAddresses
    resourceBehaviorOptions resourceProvisioningOptions serviceProvisioningErrors`,
  filterable: `id classification displayName isAssignableToRole mail mailEnabled mailNickname onPremisesSyncEnabled
    securityEnabled uniqueName`,
  elsewhere: `accessType allowExternalSenders autoSubscribeNewMembers hideFromAddressLists hideFromOutlookClients isArchived
    isFavorite isSubscribedByMail unseenConversationsCount unseenCount unseenMessagesCount welcomeMessageEnabled`,
});

const SERVICE_PRINCIPAL_PROPERTIES = `id deletedDateTime accountEnabled addIns alternativeNames appDescription appDisplayName
  appId applicationTemplateId appOwnerOrganizationId appRoleAssignmentRequired appRoles createdByAppId description
  disabledByMicrosoftStatus displayName homepage info isDisabled keyCredentials loginUrl logoutUrl notes
  notificationEmailAddresses oauth2PermissionScopes passwordCredentials preferredSingleSignOnMode
  preferredTokenSigningKeyThumbprint replyUrls resourceSpecificApplicationPermissions samlSingleSignOnSettings
  servicePrincipalNames servicePrincipalType signInAudience tags tokenEncryptionKeyId verifiedPublisher`;

const SERVICE_PRINCIPAL = schema({
  selectable: SERVICE_PRINCIPAL_PROPERTIES,
  defaults: SERVICE_PRINCIPAL_PROPERTIES,
  collections: `addIns alternativeNames appRoles keyCredentials notificationEmailAddresses oauth2PermissionScopes
    passwordCredentials replyUrls resourceSpecificApplicationPermissions servicePrincipalNames tags`,
  filterable: 'id accountEnabled appId displayName servicePrincipalType',
  elsewhere: 'customSecurityAttributes',
});

const ASSIGNMENT_PROPERTIES = `id deletedDateTime appRoleId createdDateTime principalDisplayName principalId principalType
  resourceDisplayName resourceId`;

const APP_ROLE_ASSIGNMENT = schema({
  selectable: ASSIGNMENT_PROPERTIES,
  defaults: ASSIGNMENT_PROPERTIES,
  collections: '',
  filterable: 'principalDisplayName principalId resourceId',
  elsewhere: '',
});

const JOB_PROPERTIES = 'id schedule status synchronizationJobSettings templateId';

const SYNCHRONIZATION_JOB = schema({
  selectable: JOB_PROPERTIES,
  defaults: JOB_PROPERTIES,
  collections: 'synchronizationJobSettings',
  filterable: '',
  elsewhere: '',
});

export const SCHEMA: Readonly<Record<GraphType, TypeSchema>> = {
  user: USER,
  group: GROUP,
  servicePrincipal: SERVICE_PRINCIPAL,
  appRoleAssignment: APP_ROLE_ASSIGNMENT,
  synchronizationJob: SYNCHRONIZATION_JOB,
};

/** Directory extensions are named after the application that registered them. User and group are open types. */
export const EXTENSION_PROPERTY = /^extension_[0-9a-f]{32}_\w+$/;
