/** Where a provider is, without what follows the host: there are base URLs that are secrets. */
export function providerOrigin(url: string): string {
  return new URL(url).origin;
}
