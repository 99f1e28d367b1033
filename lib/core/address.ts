/**
 * Which addresses a receiver may have. The policy says where alerts go, and a name's owner says where the name leads; neither
 * is to make this program call what only it can reach. The ranges are those of IANA's special-purpose registries.
 */

/** First address and length of the prefix. The last one is the metadata service of a cloud under a public address. */
const SPECIAL_IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['168.63.129.16', 32],
];

/** Whether everybody can reach it; `address` in any spelling, IPv6 with or without brackets. What is no address is not. */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/^\[(.*)\]$/, '$1');
  const hostname = URL.parse(`http://${bare.includes(':') ? `[${bare}]` : bare}/`)?.hostname ?? '';
  if (hostname.startsWith('[')) return isPublicIpv6(hostname.slice(1, -1));
  const number = ipv4(hostname);
  return number !== null && !SPECIAL_IPV4.some(([first, length]) => isWithin(number, ipv4(first)!, length));
}

/** What is wrong with the host of a receiver's URL, or null. A name is looked at again once its addresses are known. */
export function hostProblem(text: string): string | null {
  const hostname = URL.parse(text)?.hostname;
  if (hostname === undefined || isThisMachine(text)) return null;
  const isAddress = hostname.startsWith('[') || ipv4(hostname) !== null;
  return isAddress && !isPublicAddress(hostname)
    ? 'must not be a private, link-local or otherwise special address'
    : null;
}

/** Written as `localhost`, `127.x.x.x` or `[::1]`, by somebody who meant it; in no other spelling, and not by a name that leads here. */
export function isThisMachine(url: string): boolean {
  return /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?(?:[/?#]|$)/i.test(url);
}

function ipv4(text: string): number | null {
  if (!/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) return null;
  return text.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

function isWithin(number: number, first: number, length: number): boolean {
  const size = 2 ** (32 - length);
  return Math.floor(number / size) === Math.floor(first / size);
}

/**
 * Global unicast is 2000::/3 alone; of it 2001::/23 (Teredo and others), 2001:db8::/32 (documentation), 2002::/16 (6to4) and
 * 3fff::/20 (documentation) are not. That leaves out every form that has an IPv4 address inside.
 */
function isPublicIpv6(address: string): boolean {
  const [first, second] = address.split(':').map((group) => Number.parseInt(group || '0', 16)) as [number, number];
  if (first < 0x2000 || first > 0x3fff || first === 0x2002) return false;
  if (first === 0x2001) return second >= 0x200 && second !== 0xdb8;
  return first !== 0x3fff || second >= 0x1000;
}
