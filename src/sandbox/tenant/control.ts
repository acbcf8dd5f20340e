import { RejectedError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/scim.ts';
import type { OrganisationChanges } from '../organisation/changes.ts';
import type { Organisation } from '../organisation/organisation.ts';
import type { Lag, Replica } from '../organisation/replication.ts';
import type { DeltaFeed } from './delta-feed.ts';
import type { Fault, Faults } from './faults.ts';
import { EXTENSION_PROPERTY, SCHEMA, type GraphType } from './graph/schema.ts';
import type { RegisteredApplication } from './login/applications.ts';
import type { AccessTokens } from './login/tokens.ts';
import type { JobChange, JobSettings, ProvisioningJobs } from './provisioning/provisioning-jobs.ts';
import type { Execution, JobCode } from './provisioning/shown-job.ts';
import type { RequestLog, SeenRequest } from './request-log.ts';
import type { Throttle, ThrottleLimit } from './throttle.ts';

/** Everything a test, the demo or an operator trying things out can do to the tenant. The control API serves the same. */
export interface TenantControl extends OrganisationChanges {
  disableUser(user: string): void;
  enableUser(user: string): void;
  /** How far reads are behind the changes. */
  setLag(lag: Lag): void;
  /** How far the index behind `$count` and casts is behind; it is never ahead of what `setLag` lets be seen. */
  setCountLag(lag: Lag): void;
  /** How far change tracking is behind the changes; undefined, as at first, for as far as other reads. */
  setDeltaLag(lag: Lag | undefined): void;
  /** Lets change tracking tell again what changed in so many versions before each delta link; 0 ends it. */
  setDeltaReplay(versions: number): void;
  /** Makes the delta and page tokens of change tracking given out so far worthless: 410 Gone. */
  expireDeltaTokens(): void;
  /** Lets reads, the index and change tracking see everything up to now. */
  advance(): void;
  /** How Entra's own provisioning job of an application (appId) is, and works; undefined, as at first, for none. */
  setProvisioningJob(application: string, code: JobCode | undefined, settings?: JobSettings): void;
  /** Starts or stops that job (undefined: the first application's), or sets its threshold, as an administrator does in Entra's pages. */
  changeProvisioningJob(application: string | undefined, how: JobChange): void;
  /** Runs one cycle of that job to its end; undefined when the job does not run. */
  runProvisioningJob(application: string | undefined): Promise<Execution | undefined>;
  /** Lets that job provision one user by name or id, outside any cycle. */
  provisionOnDemand(application: string, user: string): Promise<void>;
  /** Undefined takes the limit away. */
  setThrottle(limit: ThrottleLimit | undefined): void;
  addFault(fault: Fault): string;
  removeFault(id: string): boolean;
  clearFaults(): void;
  faults(): ReturnType<Faults['list']>;
  requests(): readonly SeenRequest[];
  counters(): Readonly<Record<string, number>>;
  clearRequests(): void;
  /** Makes the access tokens given out so far worthless, of one application or of all. */
  revokeTokens(clientId?: string): void;
  /** Lifetime of tokens given out from now on. */
  setTokenLifetime(seconds: number): void;
  /** Adds or replaces an app registration, for instance to take a permission or a secret from it. */
  registerApplication(application: RegisteredApplication): void;
}

export interface ControlParts {
  readonly organisation: Organisation;
  readonly replica: Replica;
  readonly index: Replica;
  readonly feed: DeltaFeed;
  readonly provisioningJobs: ProvisioningJobs;
  readonly throttle: Throttle;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly tokens: AccessTokens;
  readonly applications: Map<string, RegisteredApplication>;
}

/** The tenant must never serve a property Graph does not have. */
function requireProperties(type: GraphType, properties: JsonObject): void {
  for (const name of Object.keys(properties)) {
    if (name !== 'id' && (SCHEMA[type].selectable.has(name) || EXTENSION_PROPERTY.test(name))) continue;
    throw new RejectedError(`'${name}' cannot be set on a ${type} of the sandbox tenant`);
  }
}

export function createControl(parts: ControlParts): TenantControl {
  const { organisation, replica, index, feed, throttle, faults, log, tokens, applications } = parts;
  return {
    ...organisation,
    createUser(properties, manager) {
      requireProperties('user', properties);
      return organisation.createUser(properties, manager);
    },
    updateUser(user, properties) {
      requireProperties('user', properties);
      return organisation.updateUser(user, properties);
    },
    createGroup(properties, members) {
      requireProperties('group', properties);
      return organisation.createGroup(properties, members);
    },
    updateGroup(group, properties) {
      requireProperties('group', properties);
      return organisation.updateGroup(group, properties);
    },
    disableUser: (user) => void organisation.updateUser(user, { accountEnabled: false }),
    enableUser: (user) => void organisation.updateUser(user, { accountEnabled: true }),
    setLag: (lag) => replica.setLag(lag),
    setCountLag: (lag) => index.setLag(lag),
    setDeltaLag: (lag) => feed.setLag(lag),
    setDeltaReplay: (versions) => feed.setReplay(versions),
    expireDeltaTokens: () => feed.expireTokens(),
    advance() {
      replica.advance();
      index.advance();
      feed.advance();
    },
    setProvisioningJob: (application, code, settings) => parts.provisioningJobs.set(application, code, settings),
    changeProvisioningJob: (application, how) => parts.provisioningJobs.change(application, how),
    runProvisioningJob: (application) => parts.provisioningJobs.run(application),
    provisionOnDemand: (application, user) =>
      parts.provisioningJobs.provisionOnDemand(
        application,
        organisation.userByName(user, organisation.version())?.id ?? user,
      ),
    setThrottle: (limit) => throttle.setLimit(limit),
    addFault: (fault) => faults.add(fault),
    removeFault: (id) => faults.remove(id),
    clearFaults: () => faults.clear(),
    faults: () => faults.list(),
    requests: () => log.requests(),
    counters: () => log.counters(),
    clearRequests: () => log.clear(),
    revokeTokens: (clientId) => tokens.revoke(clientId),
    setTokenLifetime: (seconds) => tokens.setLifetime(seconds),
    registerApplication: (application) => void applications.set(application.clientId, application),
  };
}
