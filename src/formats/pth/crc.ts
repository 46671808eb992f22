// CRC-32 of bytes of any length: zlib counts them in 32 bits, so they are summed up in pieces.
import { crc32 } from 'node:zlib';

const piece = 1 << 28;

/** CRC-32 as zip files have it. */
export function crcOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.byteLength; at += piece) sum = crc32(bytes.subarray(at, at + piece), sum);
  return sum;
}
