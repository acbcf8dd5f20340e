import { describeCredentials } from './credentials.contract.ts';
import { describeDrift } from './drift.contract.ts';
import { describeHolds } from './holds.contract.ts';
import { describeLinks } from './links.contract.ts';
import { describeNotifications } from './notifications.contract.ts';
import { STORES } from './open-stores.ts';
import { describeRecoveryStores } from './recovery.contract.ts';
import { describeStores } from './stores.contract.ts';

for (const [name, open] of STORES) {
  describeStores(name, open);
  describeCredentials(name, open);
  describeRecoveryStores(name, open);
  describeDrift(name, open);
  describeHolds(name, open);
  describeLinks(name, open);
  describeNotifications(name, open);
}
