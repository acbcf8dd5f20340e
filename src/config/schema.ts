import { z } from 'zod';
import { DRIFT_POLICIES } from '../core/drift.ts';
import { PROFILE_NAMES } from '../core/profile.ts';
import { CLOUDS, LOG_FORMATS, LOG_LEVELS } from './config.ts';
import * as field from './fields.ts';
import { guardSettings } from './guard-settings.ts';
import { scopeSettings } from './scope-settings.ts';

const secretFile = 'A path relative to this file, or a bare name looked up in $CREDENTIALS_DIRECTORY first.';

const directoryCredential = z.discriminatedUnion('kind', [
  field.settings({
    kind: z.literal('client_secret'),
    secret: field.text().optional().describe('The secret itself; prefer secret_file.'),
    secret_file: field.text().optional().describe(`File holding the client secret. ${secretFile}`),
  }),
  field.settings({
    kind: z.literal('certificate'),
    certificate_file: field.text().describe(`Certificate, PEM. ${secretFile}`),
    private_key_file: field.text().describe(`Private key, PEM, without a passphrase. ${secretFile}`),
  }),
  field.settings({
    kind: z.literal('managed_identity'),
    client_id: field.guid().optional().describe('A user-assigned identity; absent for the system-assigned one.'),
  }),
  field.settings({
    kind: z.literal('workload_identity'),
    token_file: field.text().describe('Federated token file, usually ${AZURE_FEDERATED_TOKEN_FILE}.'),
  }),
]);

const providerCredential = z.discriminatedUnion('kind', [
  field.settings({
    kind: z.literal('bearer'),
    token: field.text().optional().describe('The token itself; prefer token_file.'),
    token_file: field.text().optional().describe(`File holding the token. ${secretFile}`),
    owner: field
      .owner()
      .optional()
      .describe('Who generated the token (or service-account): at many providers it dies with that account.'),
    expires: field.day().optional().describe('Last day on which the token works, for warnings ahead of it.'),
  }),
  field.settings({
    kind: z.literal('oauth_client_credentials'),
    token_url: field.webAddress().describe('Token endpoint.'),
    client_id: field.text(),
    client_secret: field.text().optional().describe('The secret itself; prefer client_secret_file.'),
    client_secret_file: field.text().optional().describe(`File holding the client secret. ${secretFile}`),
    scope: field.text().optional(),
    owner: field.owner().optional().describe('Who registered the client, or service-account.'),
    expires: field.day().optional().describe('Last day on which the secret works, for warnings ahead of it.'),
  }),
]);

const constant = z.union([z.string(), z.number(), z.boolean()]);

/** One attribute line; which of source, constant and expression it has is checked apart, so that the message is plain. */
export const attributeLine = field.settings({
  target: field.text().describe('SCIM attribute path, for example name.familyName or emails[type eq "work"].value.'),
  source: field.text().optional().describe('Directory attribute, for example userPrincipalName.'),
  constant: constant.optional().describe('The same value for everybody.'),
  expression: field.text().optional().describe('Entra expression, for example Join(" ", [givenName], [surname]).'),
  match: field.wholeNumber(1, 9).optional().describe('Matching precedence, 1 first.'),
  apply: z.enum(['always', 'create']).optional().describe('create: only when the account is created.'),
  default: constant.optional().describe('Used on create when the source has no value.'),
  nulls: z.enum(['skip', 'clear']).optional().describe('What a source without value does to an existing account.'),
});

/** What may stand at `mapping` of a connection. */
export const mappingSchema = z.union([
  z.literal('default'),
  z.array(attributeLine).min(1, 'must have at least one line'),
  field.settings({
    extends: z.literal('default'),
    attributes: z
      .array(attributeLine)
      .default([])
      .describe('Lines that replace the one with the same target, or are added.'),
    without: z.array(field.text()).default([]).describe('Targets of the default mapping to leave out.'),
  }),
]);

const action = z.enum(['disable', 'delete', 'keep']);

/** What to do for one cause: an action at once, or one after a grace delay. */
const deprovisioning = z.union([
  action,
  field.settings({
    action,
    after: field
      .checked(field.delayProblem)
      .default('0s')
      .describe('Grace delay, such as 7d, 36h or 30m: nothing is done before, and nothing at all when the cause ends.'),
  }),
]);

const connection = field.settings({
  name: field
    .text()
    .regex(/^[a-z0-9-]{1,40}$/, 'must be 1 to 40 lower-case letters, digits and dashes')
    .describe('Name of the connection in commands, logs, metrics and queues.'),
  application: field.guid().describe('appId (client id) of the enterprise application.'),
  engine: z
    .enum(['headgate', 'entra'])
    .default('headgate')
    .describe(
      "Who provisions. entra: Entra's own provisioning service does, and Headgate only accompanies migrations.",
    ),
  provider: field.settings({
    profile: z.enum(PROFILE_NAMES).describe('What is known about the service provider.'),
    url: field.webAddress().describe('Base address of the SCIM endpoint.'),
    credential: providerCredential,
    concurrency: field.wholeNumber(1, 256).optional().describe("Requests in flight at once; the profile's by default."),
    requestsPerSecond: field
      .someNumber(0.01, 10_000)
      .optional()
      .describe("Requests a second at most; the profile's by default."),
    timeoutSeconds: field.wholeNumber(1, 600).default(30).describe('How long one request may take.'),
  }),
  quarantine: field
    .settings({
      firstProbeSeconds: field
        .wholeNumber(1, 86_400)
        .default(60)
        .describe('After how long a provider in trouble is asked for the first time whether it is well again.'),
      longestProbeSeconds: field
        .wholeNumber(1, 86_400)
        .default(3600)
        .describe('The longest time between two such questions; it doubles up to there.'),
    })
    .prefault({}),
  schedule: field
    .settings({
      incremental: field.checked(field.cronProblem).optional().describe('Cron pattern of incremental cycles.'),
      full: field.checked(field.cronProblem).optional().describe('Cron pattern of full cycles.'),
      audit: field.checked(field.cronProblem).optional().describe('Cron pattern of audits, which send nothing.'),
      timezone: field.checked(field.timezoneProblem).default('UTC').describe('Time zone of the patterns.'),
    })
    .prefault({}),
  scope: scopeSettings,
  mapping: mappingSchema.default('default').describe('default, default with changes, or a whole mapping.'),
  deprovision: field
    .settings({
      unassigned: deprovisioning
        .default('disable')
        .describe('The user lost the last path; a SCIM group whose group was unassigned is deleted, unless kept.'),
      disabled: deprovisioning.default('disable').describe('Sign-in was blocked in the directory.'),
      softDeleted: deprovisioning.default('disable').describe('The user is in the recycle bin.'),
      hardDeleted: deprovisioning.default('delete').describe('The user is gone for good.'),
      filtered: deprovisioning
        .default('disable')
        .describe('No scoping filter (scope.filters) lets the user in any more.'),
    })
    .prefault({}),
  drift: z
    .enum(DRIFT_POLICIES)
    .default('enforce')
    .describe('What full cycles do about changes made by hand at the provider: undo them, or leave and report them.'),
  guards: guardSettings,
});

/** The configuration file as people write it. Its keys are a contract. */
export const fileSchema = field.settings({
  database: field
    .settings({
      url: field
        .checked(field.storeProblem(['file', 'postgres', 'postgresql'], 'file:./headgate-data'))
        .optional()
        .describe('file:<directory> for the embedded database (default file:./headgate-data), or postgres://….'),
      url_file: field.text().optional().describe(`File holding the address. ${secretFile}`),
    })
    .prefault({}),
  queue: field
    .settings({
      url: field
        .checked(field.storeProblem(['redis', 'rediss'], 'redis://127.0.0.1:6379'))
        .optional()
        .describe('redis:// or rediss://; absent: the queue lives in the database.'),
      url_file: field.text().optional().describe(`File holding the address. ${secretFile}`),
    })
    .prefault({}),
  directory: field.settings({
    kind: z.literal('entra'),
    tenant: field.tenant().describe('Tenant id.'),
    client: field.guid().describe('Application (client) id of the app registration Headgate signs in as.'),
    credential: directoryCredential,
    cloud: z.enum(CLOUDS).default('global').describe('Microsoft cloud of the tenant.'),
    endpoints: field
      .settings({
        login: field.webAddress().describe('Replaces the sign-in address.'),
        graph: field.webAddress().describe('Replaces the Graph address, with its version.'),
      })
      .optional()
      .describe('For sandboxes and proxies.'),
    migration: field
      .settings({
        client: field
          .guid()
          .describe('Application (client) id of the separate registration that may assign and unassign.'),
        credential: directoryCredential,
        settleSeconds: field
          .wholeNumber(0, 3600)
          .default(30)
          .describe('Between two reads that must agree before a change in the directory is believed.'),
      })
      .optional()
      .describe('The identity migrations write to the directory with; absent: there are none.'),
  }),
  connections: z.array(connection).min(1, 'must name at least one connection'),
  credentials: field
    .settings({
      key: field
        .text()
        .optional()
        .describe('Encrypts stored secrets: 32 bytes, base64 or hexadecimal. Prefer key_file.'),
      key_file: field.text().optional().describe(`File holding the key. ${secretFile}`),
      warnDays: z
        .array(field.wholeNumber(1, 365))
        .default([30, 14, 7, 1])
        .describe('Days before a credential expires on which a warning is given.'),
    })
    .prefault({}),
  notifications: field
    .settings({
      mail: field
        .settings({
          smtp_url: field
            .text()
            .optional()
            .describe('smtp://user:password@host:port or smtps://…; prefer smtp_url_file.'),
          smtp_url_file: field.text().optional().describe(`File holding the address of the mail server. ${secretFile}`),
          from: field.mailAddress().describe('Sender.'),
          to: z.array(field.mailAddress()).min(1, 'must name somebody').describe('Recipients.'),
          digestMinutes: field
            .wholeNumber(1, 1440)
            .default(15)
            .describe('After a mail, how long further notifications are collected for the next.'),
        })
        .optional(),
      webhooks: z
        .array(
          field.settings({
            name: field
              .text()
              .regex(/^[a-z0-9-]{1,40}$/, 'must be 1 to 40 lower-case letters, digits and dashes')
              .describe('Name of the webhook in logs and commands.'),
            url: field.webhookAddress().describe('Where each notification is posted to.'),
            secret: field.text().optional().describe('Signing secret, whsec_…; prefer secret_file.'),
            secret_file: field.text().optional().describe(`File holding the signing secret. ${secretFile}`),
          }),
        )
        .default([])
        .describe('Signed as Standard Webhooks has it.'),
    })
    .prefault({}),
  http: field
    .settings({
      host: field.text().default('127.0.0.1').describe('Address the API, health and metrics listen on.'),
      port: field.wholeNumber(0, 65_535).default(4040),
      token_file: field.text().default('./headgate-api-token').describe('The API token; made when missing.'),
    })
    .prefault({}),
  log: field
    .settings({
      level: z.enum(LOG_LEVELS).default('info'),
      format: z.enum(LOG_FORMATS).default('auto').describe('auto: pretty on a terminal, JSON otherwise.'),
    })
    .prefault({}),
  worker: field
    .settings({
      leaseSeconds: field.wholeNumber(5, 3600).default(30).describe('When work of a silent worker is taken over.'),
      drainSeconds: field.wholeNumber(0, 600).default(20).describe('How long a stop waits for requests under way.'),
    })
    .prefault({}),
  retention: field
    .settings({
      logDays: field.wholeNumber(1, 3650).default(90).describe('How long cycles and the provisioning log are kept.'),
      unchangedCycleDays: field.wholeNumber(1, 3650).default(7).describe('The same for cycles with nothing to do.'),
    })
    .prefault({}),
  telemetry: field
    .settings({
      otlp: field.webAddress().describe('Where spans are posted to (OTLP over HTTP), usually ending in /v1/traces.'),
    })
    .optional()
    .describe('Traces; absent: none.'),
});

/** The file's content with defaults filled in. */
export type FileSettings = z.output<typeof fileSchema>;
export type AttributeLine = z.output<typeof attributeLine>;
