/**
 * A web address as it is compared with another: two ways of writing it that lead to the same place (capital letters in the
 * host, its final dot, the usual port, slashes at the end) are one. What is no address is compared as it is written.
 */
export function placeOf(address: string): string {
  const url = URL.parse(address);
  const whole =
    url === null ? address : `${url.protocol}//${url.hostname.replace(/\.$/, '')}:${url.port}${url.pathname}`;
  return whole.replace(/\/+$/, '');
}
