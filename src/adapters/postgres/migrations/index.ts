import type { Migration } from 'kysely';
import * as cycles from './0001-cycles.ts';
import * as baselines from './0002-baselines.ts';
import * as slices from './0003-slices.ts';
import * as holds from './0004-holds.ts';
import * as escrow from './0005-escrow.ts';
import * as provisioningLog from './0006-provisioning-log.ts';
import * as drift from './0006b-drift.ts';
import * as departures from './0007-departures.ts';
import * as cancelReason from './0008-cancel-reason.ts';
import * as credentials from './0009-credentials.ts';
import * as notifications from './0009-notifications.ts';
import * as scopeMigrations from './0010-scope-migrations.ts';
import * as plannedUnder from './0011-planned-under.ts';
import * as everything from './0012-everything.ts';
import * as linksForgotten from './0013-links-forgotten.ts';
import * as skips from './0014-skips.ts';
import * as journalEnd from './0015-journal-end.ts';
import * as sentWrites from './0016-sent-writes.ts';
import * as worksOn from './0017-works-on.ts';

/** Every migration in order, by name. A name, once released, is never changed or removed. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-cycles': cycles,
  '0002-baselines': baselines,
  '0003-slices': slices,
  '0004-holds': holds,
  '0005-escrow': escrow,
  '0006-provisioning-log': provisioningLog,
  '0006b-drift': drift,
  '0007-departures': departures,
  '0008-cancel-reason': cancelReason,
  '0009-credentials': credentials,
  '0009-notifications': notifications,
  '0010-scope-migrations': scopeMigrations,
  '0011-planned-under': plannedUnder,
  '0012-everything': everything,
  '0013-links-forgotten': linksForgotten,
  '0014-skips': skips,
  '0015-journal-end': journalEnd,
  '0016-sent-writes': sentWrites,
  '0017-works-on': worksOn,
};
