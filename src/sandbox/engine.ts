/** Who provisions in a sandbox: Headgate, or the tenant's own service, as Entra's does. */
export const SANDBOX_ENGINES = ['headgate', 'entra'] as const;
export type SandboxEngine = (typeof SANDBOX_ENGINES)[number];
