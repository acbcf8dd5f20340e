/**
 * A web address as it is compared with another: two ways of writing it that lead to the same place (capital letters in the
 * host, its final dot, the usual port, slashes at the end of its path) are one. A query may name the customer there, and
 * tells two apart. What is no address is compared as it is written.
 */
export function placeOf(address: string): string {
  if (!URL.canParse(address)) return address.replace(/\/+$/, '');
  const url = new URL(address);
  const host = url.hostname.replace(/\.$/, '');
  return `${url.protocol}//${host}:${url.port}${url.pathname.replace(/\/+$/, '')}${url.search}`;
}
