import { STORES } from './open-stores.ts';
import { describeProvisioningLog } from './provisioning-log.contract.ts';

for (const [name, open] of STORES) describeProvisioningLog(name, open);
