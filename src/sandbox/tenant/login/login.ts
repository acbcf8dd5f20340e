import { timingSafeEqual, createHash } from 'node:crypto';
import type { JsonObject } from '../../../core/scim.ts';
import type { RegisteredApplication } from './applications.ts';
import { verifyAssertion } from './assertion.ts';
import { invalidClient, invalidRequest, LoginRefusal } from './refusal.ts';
import type { AccessTokens } from './tokens.ts';

/** Hosts of Graph in every cloud; a token for any of them is a token for this tenant's Graph. */
const GRAPH_HOSTS = [
  'graph.microsoft.com',
  'graph.microsoft.us',
  'dod-graph.microsoft.us',
  'microsoftgraph.chinacloudapi.cn',
];

const LOGIN_HOSTS = ['login.microsoftonline.com', 'login.microsoftonline.us', 'login.chinacloudapi.cn'];

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface LoginParts {
  readonly tenantId: string;
  readonly domain: string;
  readonly applications: ReadonlyMap<string, RegisteredApplication>;
  readonly tokens: AccessTokens;
  readonly now: () => number;
}

function isTenant(parts: LoginParts, tenant: string): boolean {
  return tenant.toLowerCase() === parts.tenantId || tenant.toLowerCase() === parts.domain;
}

function requireTenant(parts: LoginParts, tenant: string): void {
  if (!isTenant(parts, tenant)) throw invalidRequest(90002, `Tenant '${tenant}' not found.`);
}

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value === null || value === '') {
    throw invalidRequest(900144, `The request body must contain the following parameter: '${name}'.`);
  }
  return value;
}

/** The resource a client-credentials scope names: one scope, `<resource>/.default`. */
function audienceOf(scope: string, base: string): string {
  const resource = scope.replace(/\/\.default$/, '');
  if (resource === scope || /\s/.test(scope)) {
    throw new LoginRefusal(
      400,
      'invalid_scope',
      1002012,
      'The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).',
    );
  }
  const known = [...GRAPH_HOSTS.map((host) => `https://${host}`), base, base.replace('http:', 'https:')];
  if (!known.includes(resource.replace(/\/$/, ''))) {
    throw new LoginRefusal(
      400,
      'invalid_resource',
      500011,
      'The resource principal named in the scope was not found in the tenant.',
    );
  }
  return resource;
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function verifySecret(application: RegisteredApplication, secret: string, now: number): void {
  const held = application.secrets.find((candidate) => sameText(candidate.value, secret));
  if (held === undefined) {
    throw invalidClient(
      7000215,
      `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${application.clientId}'.`,
    );
  }
  if (held.expiresAt !== undefined && held.expiresAt <= now) {
    throw invalidClient(7000222, `The provided client secret keys for app '${application.clientId}' are expired.`);
  }
}

/** What an assertion may be addressed to: this tenant's token endpoint or issuer, at the real hosts or here. */
function audiences(parts: LoginParts, tenant: string, base: string): string[] {
  const origins = [...LOGIN_HOSTS.map((host) => `https://${host}`), base, base.replace('http:', 'https:')];
  return origins.flatMap((origin) =>
    [tenant, parts.tenantId].flatMap((name) => [`${origin}/${name}/oauth2/v2.0/token`, `${origin}/${name}/v2.0`]),
  );
}

function requireApplication(parts: LoginParts, clientId: string): RegisteredApplication {
  const application = parts.applications.get(clientId);
  if (application === undefined) {
    throw new LoginRefusal(
      400,
      'unauthorized_client',
      700016,
      `Application with identifier '${clientId}' was not found in the directory '${parts.tenantId}'.`,
    );
  }
  if (!application.enabled) {
    throw new LoginRefusal(400, 'unauthorized_client', 7000112, `Application '${clientId}' is disabled.`);
  }
  return application;
}

/** Answers a token request (client credentials, RFC 6749 section 4.4). Throws LoginRefusal. */
export function issueToken(parts: LoginParts, tenant: string, form: URLSearchParams, base: string): JsonObject {
  requireTenant(parts, tenant);
  const grant = required(form, 'grant_type');
  if (grant !== 'client_credentials') {
    throw new LoginRefusal(
      400,
      'unsupported_grant_type',
      70003,
      `The app requested an unsupported grant type '${grant}'.`,
    );
  }
  const application = requireApplication(parts, required(form, 'client_id'));
  const secret = form.get('client_secret');
  const assertion = form.get('client_assertion');
  if (secret !== null) verifySecret(application, secret, parts.now());
  else if (assertion !== null && form.get('client_assertion_type') === ASSERTION_TYPE) {
    verifyAssertion(assertion, application, audiences(parts, tenant, base), parts.now());
  } else {
    throw invalidClient(
      7000216,
      "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
    );
  }
  const issued = parts.tokens.issue(application, audienceOf(required(form, 'scope'), base));
  const { accessToken, expiresInSeconds } = issued;
  return {
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    ext_expires_in: expiresInSeconds,
    access_token: accessToken,
  };
}

/** OpenID metadata of the tenant. The issuer stays Microsoft's, as clients check it; the endpoints are ours. */
export function openIdConfiguration(parts: LoginParts, tenant: string, base: string): JsonObject {
  requireTenant(parts, tenant);
  return {
    token_endpoint: `${base}/${tenant}/oauth2/v2.0/token`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
    jwks_uri: `${base}/${tenant}/discovery/v2.0/keys`,
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    issuer: `https://login.microsoftonline.com/${parts.tenantId}/v2.0`,
    authorization_endpoint: `${base}/${tenant}/oauth2/v2.0/authorize`,
    end_session_endpoint: `${base}/${tenant}/oauth2/v2.0/logout`,
    tenant_region_scope: 'EU',
    cloud_instance_name: 'microsoftonline.com',
    cloud_graph_host_name: 'graph.windows.net',
    msgraph_host: 'graph.microsoft.com',
  };
}

/** Instance discovery, which MSAL asks of authorities it does not know. */
export function instanceDiscovery(authorizationEndpoint: string, base: string): JsonObject {
  const [, tenant = 'common'] = /^https?:\/\/[^/]+\/([^/]+)\//.exec(authorizationEndpoint) ?? [];
  const host = /^https?:\/\/([^/]+)\//.exec(authorizationEndpoint)?.[1] ?? '';
  return {
    tenant_discovery_endpoint: `${base}/${tenant}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  };
}
