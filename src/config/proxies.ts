// The part of config.yaml about proxies in front of Homer.

import { isIP } from 'node:net';
import { z } from 'zod';

/** An address, or a network as `10.0.0.0/8`. */
export const proxiesSchema = z
  .array(z.string().refine(isNetwork, 'is no address like "127.0.0.1" and no network like "10.0.0.0/8"'))
  .max(64);

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
