// Where a request comes from: the address of the socket, and what a proxy says only where the configuration knows it as one.

import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

export interface Peers {
  /** One key for one peer. */
  of(request: IncomingMessage): string;
  /** Whether the browser speaks TLS with a proxy. */
  isSecure(request: IncomingMessage): boolean;
  /** Takes the proxies of a new configuration: addresses, and networks as `10.0.0.0/8`. */
  trust(proxies: readonly string[]): void;
}

export function createPeers(proxies: readonly string[]): Peers {
  let trusted = listOf(proxies);
  const isProxy = (address: string): boolean => {
    const family = isIP(address);
    return family !== 0 && trusted.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
  return {
    of(request) {
      let address = plainAddress(request.socket.remoteAddress ?? 'unknown');
      if (!isProxy(address)) return peerOf(address);
      // From the right: what stands there was written by a proxy, what stands left of it by whoever asked it.
      const said = (request.headersDistinct['x-forwarded-for'] ?? []).join(',').split(',').toReversed();
      for (const each of said) {
        const next = plainAddress(each.trim());
        if (isIP(next) === 0) break;
        address = next;
        if (!isProxy(next)) break;
      }
      return peerOf(address);
    },
    isSecure: (request) =>
      isProxy(plainAddress(request.socket.remoteAddress ?? '')) &&
      request.headers['x-forwarded-proto'] === 'https',
    trust(configured) {
      trusted = listOf(configured);
    },
  };
}

/**
 * One key for one peer: an IPv4 address written as IPv6 is the same, so is all of this machine, and so is a network of
 * IPv6, of which one machine has as many addresses as it likes.
 */
export function peerOf(address: string | undefined): string {
  const plain = plainAddress(address ?? 'unknown');
  if (plain === '::1' || /^127\.\d+\.\d+\.\d+$/.test(plain)) return 'loopback';
  return isIP(plain) === 6 ? networkOf(plain) : plain;
}

/** The first 64 bits (RFC 4291, section 2.5.4), `2001:db8:0:1::/64`. */
function networkOf(address: string): string {
  const [head = '', tail = ''] = address.replace(/%.*$/, '').split('::', 2);
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [left, right] = [groups(head), groups(tail)];
  const zeros = address.includes('::') ? Math.max(0, 8 - left.length - right.length) : 0;
  const all = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  const network = all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}

function listOf(proxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const each of proxies) {
    const [address = '', bits] = each.split('/', 2);
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}
